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

/** The topics of a log. Only {@link create} makes a topic; publishing and subscribing never do. */
export interface Topics {
  /** Creates the topic, retained without limit and never compacted. One that exists is left as it is. */
  create(topic: TopicSpec): Promise<'created' | 'exists'>

  /** The partition count of each topic that exists; a missing one is missing from the answer. */
  describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicSpec>>

  /** In partition order. A topic that does not exist is a {@link TopicMissing}. */
  offsets(name: string): Promise<readonly PartitionOffsets[]>

  /** Drops the records before `offset`, so that the partition begins there. An offset past the end is clamped to it. */
  deleteBefore(name: string, partition: number, offset: bigint): Promise<void>

  /** Deletes topics with all their records. One that does not exist is no error. */
  delete(names: readonly string[]): Promise<void>
}

/** How many records of a topic lie between the next offset of each partition and its end. */
export const lagOf = (offsets: readonly PartitionOffsets[], next: ReadonlyMap<number, bigint>): bigint =>
  offsets.reduce((lag, { partition, earliest, end }) => {
    const from = next.get(partition) ?? earliest
    return lag + (end > from ? end - from : 0n)
  }, 0n)
