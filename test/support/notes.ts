// A domain that shows what its handlers were given.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  type Context,
  defineApp,
  DomainEvent,
  Handles,
  int,
  string,
} from 'reprise'

export class Noted extends DomainEvent('Noted', { id: string(), serial: int() }) {}
export class Note extends Command('Note', { notebookId: string(), serial: int() })('notebookId') {}

/** What handlers were given, by decision. */
export const contexts: { readonly now: Date; readonly actor: string | undefined; readonly ids: string[] }[] =
  []

@Aggregate({ name: 'notebook', events: [Noted] })
class Notebook extends AggregateRoot<Noted> {
  private last = 0

  @Handles(Note, { expect: 'any' })
  note({ serial }: Note, { now, newId, actor }: Context) {
    const ids = [newId(), newId()]
    contexts.push({ now, actor, ids })
    if (serial !== this.last + 1) throw new TypeError(`note ${serial} after ${this.last}`)
    this.emit(new Noted({ id: ids[0] ?? '', serial }))
  }

  @Applies(Noted)
  noted({ serial }: Noted) {
    this.last = serial
  }
}

export const notes = defineApp({ name: 'notes', aggregates: [Notebook] })
