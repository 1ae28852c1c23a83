import { date, DomainEvent, optional, string } from 'reprise'
import { bookingFields } from './booking.js'

export class AccountOpened extends DomainEvent('AccountOpened', {
  openedOn: date(),
  iban: optional(string()),
}) {}
export class CreditBooked extends DomainEvent('CreditBooked', bookingFields) {}
export class DebitBooked extends DomainEvent('DebitBooked', bookingFields) {}
export class AccountClosed extends DomainEvent('AccountClosed', { closedOn: date() }) {}
