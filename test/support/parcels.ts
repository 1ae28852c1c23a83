// A sender of parcels, whose couriers act on the world outside.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  type EffectContext,
  Effects,
  Handles,
  On,
  string,
} from 'reprise'

export class ParcelSent extends DomainEvent('ParcelSent', { to: string() }) {}
export class SendParcel extends Command('SendParcel', { parcelId: string(), to: string() })('parcelId') {}

@Aggregate({ name: 'parcel', events: [ParcelSent], topic: { partitions: 2 } })
export class Parcel extends AggregateRoot<ParcelSent> {
  @Handles(SendParcel, { expect: 'any' })
  send({ to }: SendParcel) {
    this.emit(new ParcelSent({ to }))
  }

  @Applies(ParcelSent)
  protected sent() {
    // It is not remembered: a parcel may be sent on.
  }
}

/** They find everywhere but nowhere, and that once they have a map. */
@Effects({ name: 'couriers', from: [Parcel], attempts: 1, timeout: '5s' })
export class Couriers {
  @On(ParcelSent)
  async carry({ to }: ParcelSent, { idempotencyKey }: EffectContext) {
    if (to === 'nowhere' && process.env['COURIERS_MAP'] === undefined)
      throw new Error(`there is no way for ${idempotencyKey.split(':')[0] ?? ''}`)
    return Promise.resolve()
  }
}

export const parcels = defineApp({ name: 'parcels', aggregates: [Parcel], effects: [Couriers] })
