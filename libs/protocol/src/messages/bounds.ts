/** How large a message may be; whatever is larger is refused before anything about it is believed. */

/** Datasets that one `sync` or `watch` may name, each once. */
export const DATASETS_PER_MESSAGE_MAX = 64

/** Patches of one batch. */
export const PATCHES_PER_BATCH_MAX = 1_024

/** Records, tombstones included, of one page or one hint. */
export const RECORDS_PER_CHANGES_MAX = 65_536

/** Versions of the protocol that a client may offer. */
export const PROTOCOLS_MAX = 16

/** Longest OpenID token, in characters. */
export const TOKEN_LENGTH_MAX = 16_384

/** Longest token of a further page, in characters. */
export const PAGE_TOKEN_LENGTH_MAX = 8_192

/** Longest sentence of an error, in characters. */
export const MESSAGE_LENGTH_MAX = 4_096

/** Latest time a date can hold, epoch milliseconds. */
export const TIME_MAX = 8.64e15
