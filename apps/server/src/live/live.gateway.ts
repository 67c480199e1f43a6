import { Catch, Inject, UseFilters, type ExceptionFilter } from '@nestjs/common'
import {
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets'
import type { Hello, SyncAnswer, WatchAnswer } from '@satchel/protocol'
import type { Server, Socket } from 'socket.io'
import { ConnectedOnly } from '../access/signing-rule.js'
import { Authentication, liveSocketOf } from './authentication.js'
import { LiveOperations } from './live-operations.js'
import { LiveSockets } from './live-sockets.js'

/** Lets the dispatcher answer: Nest's own answer to a throw would send the client's data back to it. */
@Catch()
class Rethrowing implements ExceptionFilter {
  catch(thrown: unknown): void {
    throw thrown
  }
}

/** The messages of the native face. What is returned is acknowledged by `MessageDispatch`, refusals and defects too. */
@WebSocketGateway()
@UseFilters(Rethrowing)
export class LiveGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  constructor(
    @Inject(Authentication) private readonly authentication: Authentication,
    @Inject(LiveOperations) private readonly operations: LiveOperations,
    @Inject(LiveSockets) private readonly sockets: LiveSockets,
  ) {}

  afterInit(server: Server): void {
    server.use((socket, next) => this.authentication.admit(socket, next))
  }

  handleConnection(socket: Socket): void {
    const live = liveSocketOf(socket)
    this.sockets.add(live)
    socket.emit('hello', this.operations.hello(live.bearer))
  }

  handleDisconnect(socket: Socket): void {
    this.sockets.remove(liveSocketOf(socket))
  }

  @ConnectedOnly()
  @SubscribeMessage('sync')
  sync(socket: Socket, sent: unknown): Promise<SyncAnswer> {
    return this.operations.syncOn(liveSocketOf(socket), sent)
  }

  @ConnectedOnly()
  @SubscribeMessage('watch')
  watch(socket: Socket, sent: unknown): Promise<WatchAnswer> {
    return this.operations.watchOn(liveSocketOf(socket), sent)
  }

  @ConnectedOnly()
  @SubscribeMessage('renew')
  renew(socket: Socket, sent: unknown): Promise<Hello> {
    return this.operations.renewOn(liveSocketOf(socket), sent)
  }
}
