const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** The name that a stream's topic has in Kafka. */
export const topicOf = (prefix: string, streamName: string): string => `${prefix}${streamName}`

/** True for what Kafka takes as the name of a topic: 1 to 249 ASCII letters, digits, dots, underscores and hyphens, but not `.` or `..`. */
export const isTopicName = (name: string): boolean => TOPIC_NAME.test(name) && name !== '.' && name !== '..'
