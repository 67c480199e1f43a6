import { NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Logger } from 'pino'
import { AppModule } from './app.module.js'
import { ErrorFilter } from './aws/http/error-filter.js'
import { createHttpAdapter, type Patience } from './aws/http/http-adapter.js'
import { observeAnswers } from './aws/http/observe-answers.js'
import { OriginRule } from './aws/http/origin-rule.js'
import type { Config } from './config/config.js'
import { isLoopback } from './config/loopback.js'
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
  demoPool: string | null
  patience?: Partial<Patience> | undefined
}>

/** The faces over the services, not listening yet. */
export async function createApp(options: AppOptions): Promise<NestFastifyApplication> {
  const { config, services, metrics, log, clock, random, publicUrl, demoPool, patience } = options
  const adapter = createHttpAdapter({
    limits: config.limits,
    origins: new OriginRule({
      allowed: config.allowedOrigins,
      listensOnLoopback: isLoopback(config.host),
      publicUrl: () => publicUrl.current(),
    }),
    clock,
    random,
    log,
    patience: patience ?? {},
  })
  observeAnswers(adapter.getInstance(), (facts) => {
    metrics.observeRequest(facts.operation, facts.code, facts.ms / 1_000)
    logRequest(log, facts)
  })
  const module = AppModule.over({
    services,
    servesOps: config.adminPort === null,
    demoPage: demoPool === null ? null : demoPage(demoPool, options),
  })
  const nest = { bodyParser: false, logger: new NestLog(log), abortOnError: false }
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, nest)
  return app.useGlobalFilters(new ErrorFilter(log))
}

const demoPage = (pool: string, { config, publicUrl }: AppOptions): DemoPage =>
  new DemoPage(() => ({ endpoint: publicUrl.current(), region: config.region, pool }))
