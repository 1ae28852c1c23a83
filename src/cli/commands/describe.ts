import type { ContractDescription } from '../../app/consuming/contract-description.js'
import {
  type AggregateDescription,
  type AppDescription,
  type CommandDescription,
  describeApp,
  type EffectsDescription,
  type ProjectionDescription,
  type StateDescription,
} from '../../app/description.js'
import { modelOf } from '../../app/app-model.js'
import { fieldsText } from '../../app/field-description.js'
import { schemaPrefixFor } from '../../app/settings.js'
import { counted } from '../../core/counted.js'
import { loadAppModule } from '../app-module.js'
import type { CommandContext } from '../command-context.js'
import { table } from '../table.js'

/** Shows the app as it is wired, without connecting to anything. */
export async function describe({ terminal, options }: CommandContext): Promise<void> {
  const { definition } = await loadAppModule(options.app)
  const description = describeApp(modelOf(definition), schemaPrefixFor(definition))
  terminal.answer(description, () => textOf(description))
}

function textOf({ app, schemas, aggregates, contracts, projections, effects }: AppDescription): string {
  const wiring = facts([
    ['app', app],
    ['store schema', schemas.store ?? 'none: it only consumes'],
    ['read schema', schemas.read],
    ['read models', `views in schema ${schemas.readModels}`],
  ])
  const parts = [...aggregates.map(aggregateText), ...contracts.map(contractText)]
  return [wiring, ...parts, ...projections.map(projectionText), ...effects.map(effectsText)].join('\n\n')
}

function aggregateText({ name, topic, commands, events, state }: AggregateDescription): string {
  const prepared = commands.flatMap((it) => (it.preparation === undefined ? [] : [preparationText(it)]))
  const commandRows = commands.map((it) => [it.name, it.target, it.expect, fieldsText(it.fields)])
  const eventRows = events.map((it) => [it.name, fieldsText(it.fields)])
  return [
    `aggregate ${name}`,
    facts([
      ['topic', `${topic.name}, ${counted(topic.partitions, 'partition')}, keyed by ${topic.key}`],
      [
        'state',
        state === undefined ? 'none declared' : `version ${state.version}: ${fieldsText(state.fields)}`,
      ],
      ['snapshots', state === undefined ? 'none' : snapshotsText(state)],
      ...prepared.map((it) => ['prepares', it] as const),
    ]),
    indented(table(['COMMAND', 'TARGET', 'EXPECT', 'FIELDS'], commandRows, { plain: false })),
    indented(table(['EVENT', 'FIELDS'], eventRows, { plain: false })),
  ].join('\n')
}

function preparationText({ name, preparation }: CommandDescription): string {
  return `${name} by ${preparation?.step ?? ''}, within ${preparation?.timeout ?? 0} ms`
}

function snapshotsText({ snapshots }: StateDescription): string {
  return typeof snapshots === 'string'
    ? snapshots
    : snapshots.every === 1
      ? 'every event'
      : `every ${snapshots.every} events`
}

function contractText({ name, topic, guard, records, events }: ContractDescription): string {
  const eventRows = events.map((it) => [it.name, fieldsText(it.fields)])
  return [
    `contract ${name}`,
    facts([
      ['topic', topic],
      ['records', records],
      ['guard', guard],
    ]),
    indented(table(['EVENT', 'FIELDS'], eventRows, { plain: false })),
  ].join('\n')
}

const FOLLOWED: Readonly<Record<ProjectionDescription['follows'], string>> = {
  log: 'the log',
  store: 'the store, in its one order',
  append: 'each append, in its transaction',
}

function denseText(follows: ProjectionDescription['follows']): string {
  const dense = 'dense: each version of a stream once'
  return follows === 'log' ? `${dense}, a missing one is fetched from the store` : dense
}

function projectionText(projection: ProjectionDescription): string {
  const {
    name,
    version,
    kind,
    from,
    handles,
    follows,
    keyedBy,
    across,
    guard,
    group,
    table: into,
  } = projection
  const own: [string, string][] =
    into === undefined
      ? [['tables', 'made by its own code']]
      : [
          ['table', `${into.name}, key ${into.key}`],
          ['columns', fieldsText(into.columns)],
          ['indexes', into.indexes.map((index) => `(${index.join(', ')})`).join(', ') || 'none'],
        ]
  return [
    `projection ${name}`,
    facts([
      ['kind', kind],
      ['version', String(version)],
      ['from', from.join(', ')],
      ['handles', handles.join(', ')],
      ['follows', FOLLOWED[follows]],
      ['keyed by', across === undefined ? keyedBy : `${keyedBy}, ${across} across streams`],
      ['guard', guard === 'dense' ? denseText(follows) : guard],
      ['group', group ?? 'none'],
      ...own,
    ]),
  ].join('\n')
}

function effectsText(effects: EffectsDescription): string {
  const { name, kind, from, handles, begin, attempts, timeout, idempotencyKey, guard, group } = effects
  return [
    `effects ${name}`,
    facts([
      ['kind', kind],
      ['from', from.join(', ')],
      ['acts on', handles.join(', ')],
      ['begins', begin === 'now' ? 'with what is recorded from its first start on' : 'with all of history'],
      ['tries', `${attempts} alone, of ${timeout} ms each, then parked`],
      ['key', idempotencyKey],
      ['guard', guard === 'dense' ? denseText('log') : guard],
      ['group', group],
    ]),
  ].join('\n')
}

function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return indented(pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n'))
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
