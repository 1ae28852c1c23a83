// A domain for the test kit: one event with every kind of field, and methods that do what they must not.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  array,
  boolean,
  bytes,
  Command,
  CommandRejected,
  type Context,
  date,
  decimal,
  DomainEvent,
  double,
  enumeration,
  Handles,
  int,
  long,
  map,
  optional,
  record,
  type StateOf,
  string,
  timestamp,
  timestampMicros,
  uuid,
} from 'reprise'

export class EverythingNoted extends DomainEvent('EverythingNoted', {
  a_string: string(),
  an_int: int(),
  a_long: long(),
  a_double: double(),
  a_decimal: decimal(10, 2),
  a_boolean: boolean(),
  a_uuid: uuid(),
  a_timestamp: timestamp(),
  some_micros: timestampMicros(),
  a_date: date(),
  an_enumeration: enumeration(['red', 'green']),
  some_bytes: bytes(),
  a_map: map(long()),
  a_record: record({ street: string(), number: optional(int()) }),
  an_array: array(record({ amount: long() })),
  an_optional: optional(string()),
}) {}

export const everything = {
  a_string: 'a',
  an_int: 1,
  a_long: 1n,
  a_double: 0.5,
  a_decimal: '1.50',
  a_boolean: true,
  a_uuid: '00000000-0000-7000-8000-000000000001',
  a_timestamp: new Date('2026-01-01T00:00:00Z'),
  some_micros: 1_000_000n,
  a_date: '2026-01-01',
  an_enumeration: 'red' as const,
  some_bytes: new Uint8Array([1, 2, 3]),
  a_map: new Map([['x', 1n]]),
  a_record: { street: 'Main St', number: 5 },
  an_array: [{ amount: 1n }, { amount: 2n }],
}

export class NoteEverything extends Command('NoteEverything', { id: string() })('id') {}

@Aggregate({ name: 'specimen', events: [EverythingNoted] })
export class Specimen extends AggregateRoot<EverythingNoted> {
  @Handles(NoteEverything, { expect: 'any' })
  note() {
    this.emit(new EverythingNoted(everything))
  }

  @Applies(EverythingNoted)
  noted() {}
}

export class Opened extends DomainEvent('Opened', { at: timestamp(), code: string() }) {}
export class Renamed extends DomainEvent('Renamed', { name: string() }) {}

/** `how` says what a handler does that it must not. */
export class Open extends Command('Open', { id: string(), how: string(), at: optional(timestamp()) })('id') {}

@Aggregate({ name: 'door', events: [Opened, Renamed] })
export class Door extends AggregateRoot<Opened | Renamed> {
  opened = 0
  day = ''

  @Handles(Open, { expect: 'any' })
  open({ how, at }: Open, { now, newId }: Context) {
    if (how === 'sets state') this.opened += 1
    if (how === 'changes the command') at?.setFullYear(2000)
    if (how === 'refuses by the clock') throw new CommandRejected(`closed since ${new Date().getFullYear()}`)
    if (how === 'fails') throw new RangeError('no hinges')
    if (how === 'renames') this.emit(new Renamed({ name: 'by clock' }))
    const code = how === 'draws by chance' ? String(Math.random()) : newId()
    this.emit(new Opened({ at: how === 'reads the clock' ? new Date() : now, code }))
  }

  @Applies(Opened)
  wasOpened({ at, code }: Opened) {
    this.opened += 1
    if (code === 'changes the event') at.setFullYear(2000)
  }

  @Applies(Renamed)
  wasRenamed({ name }: Renamed) {
    if (name === 'by clock') this.day = new Date(Date.now()).toISOString().slice(0, 10)
  }
}

export class OpenBox extends Command('OpenBox', { id: string() })('id') {}
export class CloseBox extends Command('CloseBox', { id: string() })('id') {}

/** Declares its state, reserves and closes. */
@Aggregate({ name: 'box', events: [Opened, Renamed], state: { version: 1, fields: { opened: long() } } })
export class Box extends AggregateRoot<Opened | Renamed> {
  private opened = 0n

  @Handles(OpenBox, { expect: 'any' })
  open(_: OpenBox, { now, newId, prepared }: Context<{ readonly code: string } | undefined>) {
    const code = prepared?.code ?? newId()
    this.reserve('code', code)
    this.emit(new Opened({ at: now, code }))
  }

  @Handles(CloseBox)
  close() {
    this.emit(new Renamed({ name: 'closed' }))
    this.closeStream()
  }

  @Applies(Opened)
  wasOpened() {
    this.opened += 1n
  }

  @Applies(Renamed)
  renamed() {}

  state() {
    return { opened: this.opened }
  }

  restore({ opened }: StateOf<Box>) {
    this.opened = opened
  }
}
