/** Names a service in a container: as inversify's identifiers, which are asked for by value and never by type. */
export type ServiceToken = string | symbol | (abstract new (...args: never[]) => unknown)
