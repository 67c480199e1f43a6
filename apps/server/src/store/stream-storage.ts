import { recordsLink, type RecordsLinkKey } from '../access/records-link.js'
import type { LinkAt } from '../domain/outbox-row-of.js'

/** What stores need to put changes into the outbox. */
export type StreamStorage = Readonly<{
  /** False where another relay reads the outbox itself: no row then counts as unpublished (V6). */
  relay: boolean
  /** null where no links can be made: a change that needs one is then a defect. */
  linkKey: RecordsLinkKey | null
  /** How clients reach the server, without a slash behind; null as long as that is not known. Asked for with every group. */
  publicUrl: () => string | null
}>

/** For tools that write no changes of users. */
export const WITHOUT_LINKS: StreamStorage = { relay: true, linkKey: null, publicUrl: () => null }

/** Makes links, or throws where that cannot be. */
export const linkMaker =
  (linkKey: RecordsLinkKey | null, publicUrl: string | null): LinkAt =>
  (eventId, at) => {
    if (linkKey === null)
      throw new Error(`the change ${eventId} needs a link, and these stores were opened without a key for links`)
    if (publicUrl === null) throw new Error(`the change ${eventId} needs a link, and the public URL is not known yet`)
    return recordsLink(linkKey, { publicUrl, eventId, at })
  }
