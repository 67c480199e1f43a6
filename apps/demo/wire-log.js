const LINES_MAX = 60

/** What went over the wire, newest first. Pulls that brought nothing are counted, not listed one by one. */
export class WireLog {
  #list
  #quiet = null

  constructor(list) {
    this.#list = list
  }

  add(exchange) {
    if (this.#countedAsQuiet(exchange)) return
    const line = document.querySelector('#exchange-template').content.firstElementChild.cloneNode(true)
    const part = (selector) => line.querySelector(selector)
    part('.who').textContent = exchange.who
    part('.operation').textContent = exchange.operation
    part('.gist').textContent = gistOf(exchange)
    part('.status-code').textContent = exchange.status
    part('.status-code').dataset.kind = exchange.status < 400 ? 'good' : 'bad'
    part('.ms').textContent = `${exchange.ms.toFixed(exchange.ms < 10 ? 1 : 0)} ms`
    part('.request').textContent =
      `${exchange.method} ${decodeURIComponent(exchange.target)}\n${pretty(exchange.sent)}`.trim()
    part('.response').textContent = pretty(exchange.received)
    this.#list.prepend(line)
    while (this.#list.children.length > LINES_MAX) this.#list.lastElementChild.remove()
    this.#quiet = isQuiet(exchange) ? { line, who: new Set([exchange.who]), times: 1 } : null
  }

  #countedAsQuiet(exchange) {
    if (this.#quiet === null || !isQuiet(exchange)) return false
    const quiet = this.#quiet
    quiet.times++
    quiet.who.add(exchange.who)
    quiet.line.querySelector('.who').textContent = [...quiet.who].sort().join(', ')
    quiet.line.querySelector('.gist').textContent = `nothing new, ${quiet.times} times`
    return true
  }
}

const isQuiet = ({ operation, status, received }) =>
  operation === 'ListRecords' && status === 200 && JSON.parse(received).Records.length === 0

/** What an exchange was about, in a few words. */
function gistOf({ operation, status, sent, received }) {
  const answer = JSON.parse(received || '{}')
  if (status >= 400) return answer.message ?? ''
  switch (operation) {
    case 'ListRecords':
      return answer.Records.length === 0
        ? 'nothing new'
        : `${namesOf(answer.Records)} up to count ${answer.DatasetSyncCount}`
    case 'UpdateRecords':
      return `${namesOf(JSON.parse(sent).RecordPatches)} at count ${answer.Records[0]?.SyncCount ?? '?'}`
    default:
      return ''
  }
}

const namesOf = (records) => records.map(({ Key }) => Key).join(', ')

const SECRETS = new Set(['SecretKey', 'SessionToken', 'SyncSessionToken'])

/** Indented, with secrets and tokens cut: people show their screens. */
function pretty(text) {
  if (text === '') return ''
  try {
    const shown = JSON.parse(text, (name, value) =>
      SECRETS.has(name) && typeof value === 'string' ? `${value.slice(0, 6)}…` : value,
    )
    return JSON.stringify(shown, null, 2)
  } catch {
    return text
  }
}
