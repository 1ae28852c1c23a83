// A service that only consumes: no aggregates, no store.
import { defineApp, defineContract, DomainEvent, string } from 'reprise'

class AccountOpened extends DomainEvent('AccountOpened', { owner: string() }) {}

const accounts = defineContract({ name: 'account', topic: 'banking.account', events: [AccountOpened] })

export const watch = defineApp({ name: 'watch', consumes: [accounts] })
