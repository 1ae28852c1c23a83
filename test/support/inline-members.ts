// Members with an e-mail that nobody else may have, and read models that are written in the append's transaction.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  type Delivery,
  DomainEvent,
  Handles,
  long,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  string,
  TableProjection,
} from 'reprise'
import type { Kysely } from 'kysely'

export class Joined extends DomainEvent('Joined', { email: string() }) {}
export class Moved extends DomainEvent('Moved', { email: string() }) {}
export class Quit extends DomainEvent('Quit', {}) {}

const memberId = { memberId: string() }
export class Join extends Command('Join', { ...memberId, email: string() })('memberId') {}
export class Move extends Command('Move', { ...memberId, email: string() })('memberId') {}
export class QuitClub extends Command('QuitClub', memberId)('memberId') {}

@Aggregate({ name: 'member', events: [Joined, Moved, Quit], topic: { partitions: 4 } })
export class Member extends AggregateRoot<Joined | Moved | Quit> {
  @Handles(Join, { expect: 'noStream' })
  join({ email }: Join) {
    this.emit(new Joined({ email }))
  }

  @Handles(Move)
  move({ email }: Move) {
    this.emit(new Moved({ email }))
  }

  @Handles(QuitClub)
  quit() {
    this.emit(new Quit({}))
  }

  @Applies(Joined)
  joined() {}

  @Applies(Moved)
  moved() {}

  @Applies(Quit)
  left() {}
}

export interface EmailTables {
  emails: { member_id: string; email: string }
}

/** Whose e-mail it is; the database keeps each unique. */
@Projection({ name: 'emails', version: 1, from: [Member], inline: true })
export class Emails extends SqlProjection<EmailTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await db.schema
      .withSchema(schema)
      .createTable('emails')
      .addColumn('member_id', 'text', (column) => column.primaryKey())
      .addColumn('email', 'text', (column) => column.notNull().unique())
      .execute()
  }

  @Projects(Joined)
  async joined({ email }: Joined, { tx, envelope }: Delivery<EmailTables>) {
    await tx.insertInto('emails').values({ member_id: envelope.stream.id, email }).execute()
  }

  @Projects(Moved)
  async moved({ email }: Moved, { tx, envelope }: Delivery<EmailTables>) {
    await tx.updateTable('emails').set({ email }).where('member_id', '=', envelope.stream.id).execute()
  }

  @Projects(Quit)
  async quit(_: Quit, { tx, envelope }: Delivery<EmailTables>) {
    await tx.deleteFrom('emails').where('member_id', '=', envelope.stream.id).execute()
  }
}

/** What happened to each member so far; none who quit. */
@Projection({ name: 'profiles', version: 1, from: [Member], inline: true })
export class Profiles extends TableProjection({
  table: 'profiles',
  key: 'member_id',
  columns: { member_id: string(), email: string(''), events: long(0n) },
}) {
  @Projects(Joined)
  joined({ email }: Joined, row: Row<typeof Profiles>) {
    row.email = email
    row.events += 1n
  }

  @Projects(Moved)
  moved({ email }: Moved, row: Row<typeof Profiles>) {
    row.email = email
    row.events += 1n
  }

  @Projects(Quit)
  quit() {
    return null
  }
}

const kindOf = (event: object): string => ('email' in event ? 'with an e-mail' : 'without')

/** How many events each kind had, over all members. */
@Projection({
  name: 'kinds',
  version: 1,
  from: [Member],
  inline: true,
  // Short, so that every compiler writes it in the same way.
  key: (event) => kindOf(event),
  across: 'commutative',
})
export class Kinds extends TableProjection({
  table: 'kinds',
  key: 'kind',
  columns: { kind: string(), events: long(0n) },
}) {
  @Projects(Joined)
  joined(_: Joined, row: Row<typeof Kinds>) {
    row.events += 1n
  }

  @Projects(Moved)
  moved(_: Moved, row: Row<typeof Kinds>) {
    row.events += 1n
  }

  @Projects(Quit)
  quit(_: Quit, row: Row<typeof Kinds>) {
    row.events += 1n
  }
}

/** The same rows as the profiles have, from the log. */
@Projection({ name: 'followed', version: 1, from: [Member] })
export class Followed extends TableProjection({
  table: 'followed',
  key: 'member_id',
  columns: Profiles.columns,
}) {
  @Projects(Joined)
  joined({ email }: Joined, row: Row<typeof Followed>) {
    row.email = email
  }
}

export const inlineClub = defineApp({
  name: 'club',
  aggregates: [Member],
  projections: [Emails, Profiles, Kinds, Followed],
})

/** The same without anything inline. */
export const plainClub = defineApp({ name: 'club', aggregates: [Member], projections: [Followed] })
