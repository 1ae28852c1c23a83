import type { PayloadLevel } from '../app/payload-settings.js'
import { counted } from '../core/counted.js'
import type { DeadLetter, LetterEvent } from '../subscriptions/index.js'
import { payloadDocument, payloadLines } from './letter-payload.js'
import { printable, printableLines } from './printable.js'

/** Text of anybody's in one line of at most so many characters. */
export function shortened(text: string, most: number): string {
  const line = printable(text.replaceAll(/\s+/g, ' '))
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** What is known of an event, in one line. */
export function eventText({ eventId, stream, version, type }: LetterEvent): string {
  if (stream === undefined)
    return eventId === undefined ? 'no event that is known' : `event ${printable(eventId)}`
  const place = version === undefined ? stream : `${stream}@${version}`
  return printable(type === undefined ? place : `${type} ${place}`)
}

/** A letter for a person, as much of what it carries as the level lets be seen; `waiting` is how many wait behind it. */
export function letterText(letter: DeadLetter, waiting: number, level: PayloadLevel): string {
  const { id, record, error, eventId } = letter
  const { topic, partition, offset, key, headers, timestamp, value } = record
  const place = `${printable(topic)}/${partition}@${offset.toString()}`
  return [
    `letter ${id.toString()}: ${eventText(letter)}`,
    `  record      ${place}, key ${JSON.stringify(printable(key))}, of ${timestamp.toISOString()}`,
    ...(eventId === undefined ? [] : [`  event       ${printable(eventId)}`]),
    `  holds back  ${heldBackText(letter, waiting)}`,
    `  attempts    ${attemptsText(letter)}`,
    ...(error === undefined
      ? ['  error       none: it waits behind another letter of its key']
      : [
          `  error       ${printable(error.name)}: ${printable(error.message)}`,
          `  group       ${error.fingerprint} (${error.class})`,
          ...stackLines(error.stack),
        ]),
    '  headers',
    ...Object.entries(headers).map(([name, text]) => `    ${printable(name)}: ${printable(text)}`),
    value === null
      ? '  value       none, which makes it a tombstone'
      : `  value       ${counted(value.length, 'byte')}`,
    ...(value === null ? [] : payloadLines(value, level).map((line) => `    ${line}`)),
  ].join('\n')
}

/** The same for a program. */
export function letterDocument(
  { record, id, sequenceKey, error, ...letter }: DeadLetter,
  level: PayloadLevel,
): object {
  const { value, ...rest } = record
  return {
    id,
    sequenceKey,
    ...letter,
    error: error ?? null,
    record: { ...rest, ...payloadDocument(value, level) },
  }
}

function heldBackText({ sequenceKey, error }: DeadLetter, waiting: number): string {
  if (sequenceKey === undefined) return 'nothing: it was parked alone'
  const key = printable(sequenceKey)
  if (error === undefined) return `nothing itself, it waits among those of ${key}`
  return `${key}, of which ${counted(waiting, 'letter waits', 'letters wait')} behind it`
}

function attemptsText({ attempts, firstFailedAt, lastFailedAt, error }: DeadLetter): string {
  if (error === undefined) return `${attempts}, parked ${firstFailedAt.toISOString()}`
  return `${attempts}, first ${firstFailedAt.toISOString()}, last ${lastFailedAt.toISOString()}`
}

/** The first line of a stack repeats the message. */
function stackLines(stack: string | undefined): readonly string[] {
  const frames = printableLines(stack ?? '').filter((line) => /^\s*at /.test(line))
  return frames.map((line) => `    ${line.trim()}`)
}

/** "1 letter", "2 letters". */
export const lettersText = (count: number): string => counted(count, 'letter')
