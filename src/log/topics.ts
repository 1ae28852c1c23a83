/** A topic by its name, and how many partitions it has. */
export interface TopicSpec {
  readonly name: string
  readonly partitions: number
}

/** Where a partition begins and ends: it holds the offsets from `earliest` up to, not including, `end`. */
export interface PartitionOffsets {
  readonly partition: number
  readonly earliest: bigint
  readonly end: bigint
}

/** How long a topic keeps its records, and how many brokers have them. */
export interface TopicSettings {
  readonly name: string
  /** Whether records of one key may take each other's place. */
  readonly compacted: boolean
  /** Whether old records are dropped, and when: `retention.ms=604800000`. Undefined: never. */
  readonly retention: string | undefined
  /** Copies of the partition that has the fewest. */
  readonly replicas: number
  /** Copies that have to take a record before it counts as written. */
  readonly minInsyncReplicas: number
}

/** Makes topics, looks at them and deletes them. Only {@link create} makes a topic; publishing and subscribing never do. */
export interface Topics {
  /**
   * Creates the topic, retained without limit and never compacted. One that exists is left as it is.
   *
   * @throws {@link LogUnavailable} when the log does not answer
   */
  create(topic: TopicSpec): Promise<'created' | 'exists'>

  /**
   * The partition count of each topic that exists; a missing one is missing from the answer.
   *
   * @throws {@link LogUnavailable} when the log does not answer
   */
  describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicSpec>>

  /**
   * How each topic that exists is kept; a missing one, and one whose settings this client may not read, is missing from
   * the answer.
   *
   * @throws {@link LogUnavailable} when the log does not answer
   */
  settings(names: readonly string[]): Promise<readonly TopicSettings[]>

  /**
   * Where each partition begins and ends now, in partition order.
   *
   * @throws {@link TopicMissing} for a topic that does not exist, {@link LogUnavailable} when the log does not answer
   */
  offsets(name: string): Promise<readonly PartitionOffsets[]>

  /**
   * Drops the records before `offset`, so that the partition begins there. An offset past the end is clamped to it.
   *
   * @throws {@link TopicMissing} for a topic that does not exist, {@link LogUnavailable} when the log does not answer
   */
  deleteBefore(name: string, partition: number, offset: bigint): Promise<void>

  /**
   * Deletes topics with all their records. One that does not exist is no error.
   *
   * @throws {@link LogUnavailable} when the log does not answer
   */
  delete(names: readonly string[]): Promise<void>
}

/** How many records of a topic lie between the next offset of each partition and its end. */
export const lagOf = (offsets: readonly PartitionOffsets[], next: ReadonlyMap<number, bigint>): bigint =>
  offsets.reduce((lag, { partition, earliest, end }) => {
    const from = next.get(partition) ?? earliest
    return lag + (end > from ? end - from : 0n)
  }, 0n)
