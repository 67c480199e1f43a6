/**
 * The stages of an update's way through the server, each with the places in the code that belong to it. A sample counts
 * to the innermost frame that is named here, so that natives count to whoever called them.
 */
const STAGES = [
  ['SQLite: statements and commit', /better-sqlite3|bench\/profile\/statement-times/],
  [
    'PostgreSQL: statements out and answers in',
    /node_modules\/pg|server\/dist\/store\/typeorm\/postgres\/(connections|asked-statements|gather-sends|turnstile|wire-types|prepared)/,
  ],
  ['TypeORM around the statements', /node_modules\/typeorm/],
  ['Kafka client', /node_modules\/kafkajs/],
  ['stream: relay and its ports', /server\/dist\/stream/],
  ['store: rows to statements and back', /server\/dist\/store/],
  ['judge: rules and working set', /server\/dist\/domain/],
  ['write queue', /datasets\/write-queue/],
  ['sync session: opening the token', /access\/seal|datasets\/sync-session.*idOf|idOf.*sync-session/],
  ['sync session: hash of the batch', /datasets\/sync-session/],
  ['identity standing', /access\/identity-standing/],
  ['SigV4: hashes and HMAC', /access\/signature/],
  ['SigV4: reading the request', /server\/dist\/access/],
  ['body: JSON', /aws\/http\/parse-json/],
  ['body: reading', /aws\/http\/body-reader/],
  ['body: patches', /update-records-body|libs\/protocol/],
  ['log', /ops\/(request-)?log|node_modules\/(pino|sonic-boom)/],
  ['metrics and observing', /ops\/metrics|prom-client|observe-answers|create-app/],
  ['controller and answer', /server\/dist\/aws\/cognito-sync/],
  ['hooks and headers of ours', /server\/dist\/aws\/http/],
  ['rest of ours', /server\/dist/],
  ['Nest', /node_modules\/(@nestjs|rxjs|reflect-metadata)/],
  ['Fastify', /node_modules\/(fastify|find-my-way|avvio|@fastify|fast-|secure-json|light-my-request|toad-cache)/],
  ['timers and microtasks of Node', /node:internal\/(timers|process)/],
  // Not all of Node: its crypto and buffers count to those who use them.
  ['HTTP and sockets of Node', /node:(_http|http|net|events|stream|internal\/(streams|stream_base|http|async_hooks))/],
]

/** The stage a sample belongs to. `names` are its frames, innermost first, as "function place". */
export function stageOf(names) {
  if (names[0]?.startsWith('(garbage collector)')) return 'garbage collection'
  if (names[0]?.startsWith('(program)')) return 'native code outside of JavaScript'
  for (const name of names) {
    for (const [stage, places] of STAGES) if (places.test(name)) return stage
  }
  return 'not told'
}
