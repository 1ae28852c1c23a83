// A hotel: rooms with a guest or none as their state, a bell that declares no state, and a projection of each kind.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  Handles,
  int,
  optional,
  Preparations,
  Prepares,
  Projection,
  Projects,
  type Row,
  type StateOf,
  string,
  TableProjection,
} from 'reprise'

export class GuestArrived extends DomainEvent('GuestArrived', { guest: string() }) {}
export class GuestLeft extends DomainEvent('GuestLeft', { rating: optional(int()) }) {}
export class BellRung extends DomainEvent('BellRung', { times: int() }) {}

export class CheckIn extends Command('CheckIn', { room: string(), guest: string() })('room') {}
export class CheckOut extends Command('CheckOut', { room: string() })('room') {}
export class RingBell extends Command('RingBell', { bell: string() })('bell') {}

@Aggregate({
  name: 'room',
  events: [GuestArrived, GuestLeft],
  state: { version: 3, fields: { guest: optional(string()), stays: int() } },
  snapshots: { every: 50 },
})
export class Room extends AggregateRoot<GuestArrived | GuestLeft> {
  private guest: string | undefined
  private stays = 0

  @Handles(CheckIn, { expect: 'any' })
  checkIn({ guest }: CheckIn) {
    this.emit(new GuestArrived({ guest }))
  }

  @Handles(CheckOut)
  checkOut() {
    this.emit(new GuestLeft({}))
  }

  @Applies(GuestArrived)
  arrived({ guest }: GuestArrived) {
    this.guest = guest
    this.stays += 1
  }

  @Applies(GuestLeft)
  left() {
    this.guest = undefined
  }

  state() {
    return { guest: this.guest, stays: this.stays }
  }

  restore({ guest, stays }: StateOf<Room>) {
    this.guest = guest
    this.stays = stays
  }
}

@Aggregate({ name: 'bell', events: [BellRung] })
export class Bell extends AggregateRoot<BellRung> {
  @Handles(RingBell, { expect: 'any' })
  ring() {
    this.emit(new BellRung({ times: 1 }))
  }

  @Applies(BellRung)
  rung() {}
}

@Preparations()
export class FrontDesk {
  @Prepares(CheckIn, { timeout: '2s' })
  identify({ guest }: CheckIn) {
    return Promise.resolve({ known: guest })
  }
}

@Projection({ name: 'visits', version: 1, from: [Room] })
export class Visits extends TableProjection({
  table: 'visits',
  key: 'room',
  columns: { room: string(), visits: int(0) },
}) {
  @Projects(GuestArrived)
  arrived(_: GuestArrived, row: Row<typeof Visits>) {
    row.visits += 1
  }
}

@Projection({
  name: 'guests',
  version: 1,
  from: [Room],
  key: (event) => (event instanceof GuestArrived ? event.guest : undefined),
  across: 'commutative',
})
export class Guests extends TableProjection({
  table: 'guests',
  key: 'guest',
  columns: { guest: string(), visits: int(0) },
}) {
  @Projects(GuestArrived)
  arrived(_: GuestArrived, row: Row<typeof Guests>) {
    row.visits += 1
  }
}

@Projection({ name: 'register', version: 1, from: [Room], key: () => 'all', across: 'ordered' })
export class Register extends TableProjection({
  table: 'register',
  key: 'book',
  columns: { book: string(), last: string('') },
}) {
  @Projects(GuestArrived)
  arrived({ guest }: GuestArrived, row: Row<typeof Register>) {
    row.last = guest
  }
}

@Projection({ name: 'occupied', version: 1, from: [Room], inline: true })
export class Occupied extends TableProjection({
  table: 'occupied',
  key: 'room',
  columns: { room: string(), guest: optional(string()) },
}) {
  @Projects(GuestArrived)
  arrived({ guest }: GuestArrived, row: Row<typeof Occupied>) {
    row.guest = guest
  }

  @Projects(GuestLeft)
  left() {
    return null
  }
}

export const hotel = defineApp({
  name: 'hotel',
  aggregates: [Room, Bell],
  projections: [Visits, Guests, Register, Occupied],
  preparations: [FrontDesk],
})
