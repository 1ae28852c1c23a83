/** The version in which every release has written its events so far. */
export const OWN_SCHEMA_VERSION = 1

/** An event type in one of its versions, as a release writes it. */
export interface EventSchema {
  /** The aggregate that it is an event of. */
  readonly streamType: string
  readonly type: string
  readonly schemaVersion: number
}

/** Every event type that any release has entered. */
export interface SchemaStore {
  /** Whether some release writes events of this type and version, be it a newer one than this build. */
  knows(schema: EventSchema): Promise<boolean>
}
