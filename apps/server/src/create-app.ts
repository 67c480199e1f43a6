import { NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { IdentityPoolId } from '@satchel/protocol'
import type { Logger } from 'pino'
import { TrustedProxies } from './access/trusted-proxies.js'
import { AppModule, type AppParts } from './app.module.js'
import { ErrorFilter } from './aws/http/error-filter.js'
import { bytesPerBodyMax, createHttpAdapter, type Patience } from './aws/http/http-adapter.js'
import { observeAnswers } from './aws/http/observe-answers.js'
import { OriginRule } from './aws/http/origin-rule.js'
import type { Config } from './config/config.js'
import { isLoopback } from './config/loopback.js'
import { SOCKETS_MAX } from './config/settings.js'
import { LiveAdapter } from './live/live-adapter.js'
import { UpgradeGate } from './live/upgrade-gate.js'
import { DemoLogin } from './ops/demo-login.js'
import { DemoPage } from './ops/demo-page.js'
import type { Metrics } from './ops/metrics.js'
import { NestLog } from './ops/nest-log.js'
import { logRequest } from './ops/request-log.js'
import type { PublicUrl } from './public-url.js'
import type { Clock } from './runtime/clock.js'
import type { Random } from './runtime/random.js'
import type { Services } from './services.js'

export type AppOptions = Readonly<{
  config: Config
  services: Services
  metrics: Metrics
  log: Logger
  clock: Clock
  random: Random
  publicUrl: PublicUrl
  /** The pool that the demo page uses; null for no page. */
  demoPool: IdentityPoolId | null
  patience?: Partial<Patience> | undefined
}>

/** The faces over the services, not listening yet. */
export async function createApp(options: AppOptions): Promise<NestFastifyApplication> {
  const { config, services, metrics, log, clock, random, publicUrl, demoPool, patience } = options
  const origins = new OriginRule({
    allowed: config.allowedOrigins,
    listensOnLoopback: isLoopback(config.host),
    publicUrl: () => publicUrl.current(),
  })
  const proxies = new TrustedProxies(config.trustedProxies)
  const adapter = createHttpAdapter({
    limits: config.limits,
    origins,
    proxies,
    clock,
    random,
    log,
    patience: patience ?? {},
    leaving: () => services.health.leaving,
  })
  observeAnswers(adapter.getInstance(), (facts) => {
    metrics.observeRequest(facts.operation, facts.code, facts.ms / 1_000)
    logRequest(log, facts)
  })
  const module = AppModule.over({
    services,
    servesOps: config.adminPort === null,
    demo: demoPool === null ? null : demoOf(demoPool, options),
  })
  const nest = { bodyParser: false, logger: new NestLog(log), abortOnError: false }
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, nest)
  const { live } = services
  const gate = new UpgradeGate({
    origins,
    proxies,
    socketsPerAddressMax: config.socketsPerAddressMax,
    socketsMax: SOCKETS_MAX,
    sockets: live.sockets,
    observer: live.observer,
    clock,
    random,
  })
  const messageBytesMax = bytesPerBodyMax(config.limits)
  app.useWebSocketAdapter(new LiveAdapter(app.getHttpServer(), { gate, dispatch: live.dispatch, messageBytesMax }))
  return app.useGlobalFilters(new ErrorFilter(log))
}

const demoOf = (pool: IdentityPoolId, { config, publicUrl, services }: AppOptions): AppParts['demo'] => ({
  page: new DemoPage(() => ({ endpoint: publicUrl.current(), region: config.region, pool })),
  login: new DemoLogin({ pool, developers: services.identity.developers }),
})
