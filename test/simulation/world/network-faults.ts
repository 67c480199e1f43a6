/** What can go wrong on the way; probabilities are per message. */
export type NetworkFaults = {
  delayMsMax: number
  /** The request never arrives. */
  lose: number
  /** The request arrives twice. */
  duplicate: number
  /** The request was processed, and its answer is lost. */
  swallow: number
  /** The connection ends under the request, before or after it was processed. */
  cut: number
  /** A copy of the request arrives up to ten minutes later. */
  replay: number
  /** The server, or a proxy before it, is too busy. */
  busy: number
  /** Somebody else answers, as a captive portal does. */
  foreign: number
  loseHint: number
  /** Messages of one connection keep their order, as on a socket. */
  ordered: boolean
}

export const NO_NETWORK_FAULTS: NetworkFaults = {
  delayMsMax: 20,
  lose: 0,
  duplicate: 0,
  swallow: 0,
  cut: 0,
  replay: 0,
  busy: 0,
  foreign: 0,
  loseHint: 0,
  ordered: true,
}
