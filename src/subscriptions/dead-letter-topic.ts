/** Where the letters of a topic are published. */
export const deadLetterTopic = (topic: string): string => `${topic}.DLT`
