import { join } from 'node:path'
import {
  credentials,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Test } from 'tap'
import { balancer, type TestBalancer } from '../../lib/balancer.ts'
import { makeCertificate } from '../../lib/certify.ts'
import { freePort } from '../../lib/ports.ts'

interface Text {
  text: string
}

type Done = (error: ServiceError | null, value?: Text) => void

/** The methods of echo.proto, as a client calls them. */
export interface Echo {
  unary: (value: Text, metadata: Metadata, options: object, done: Done) => ClientUnaryCall
  download: (value: Text) => ClientReadableStream<Text>
  upload: (done: Done) => ClientWritableStream<Text>
  chat: (metadata?: Metadata, options?: object) => ClientDuplexStream<Text, Text>
  close: () => void
}

/** And as a server implements them. */
export interface EchoServer {
  unary: handleUnaryCall<Text, Text>
  download: handleServerStreamingCall<Text, Text>
  upload: handleClientStreamingCall<Text, Text>
  chat: handleBidiStreamingCall<Text, Text>
}

interface Definition {
  test: { Echo: ServiceClientConstructor }
}

function load(name: string): unknown {
  return loadPackageDefinition(loadSync(join(import.meta.dirname, name)))
}

const { test } = load('echo.proto') as Definition
const { grpc } = load('health.proto') as { grpc: { health: { v1: { Health: ServiceClientConstructor } } } }

/** The calls that the backend received, and those that ended early. */
export interface Seen {
  cancelled: number
  /** State for the health check: 1 is SERVING, 2 NOT_SERVING. */
  health: number
  metadata: Metadata[]
}

export interface GrpcBackend {
  address: string
  server: Server
  port: number
  seen: Seen
}

/** A gRPC server that responds with its own name. */
export async function grpcBackend(
  t: { teardown(undo: () => unknown): unknown },
  name: string,
  options: { port?: number; tls?: { certificate: string; key: string }; hasHealth?: boolean } = {},
): Promise<GrpcBackend> {
  const seen: Seen = { cancelled: 0, health: 1, metadata: [] }
  const server = new Server()
  const handlers: EchoServer = {
    unary(call, done) {
      seen.metadata.push(call.metadata)
      const trailers = new Metadata()
      trailers.set('sum', String(call.request.text.length))
      if (call.request.text === 'fail')
        return done({ code: status.FAILED_PRECONDITION, details: 'as you asked: ü', metadata: trailers })
      if (call.request.text === 'wait') return void call.once('cancelled', () => (seen.cancelled += 1))
      return done(null, { text: `${name}: ${call.request.text}` }, trailers)
    },
    download(call) {
      const { text } = call.request
      if (text === 'endless') {
        call.once('cancelled', () => (seen.cancelled += 1))
        call.write({ text: 'first' })
        return
      }
      const more = (left: number): void => {
        for (let rest = left; rest > 0; rest -= 1)
          if (!call.write({ text: 'x'.repeat(16_384) })) return void call.once('drain', () => more(rest - 1))
        call.end()
      }
      more(Number(text))
    },
    upload(call, done) {
      let bytes = 0
      call.on('data', ({ text }: Text) => (bytes += text.length))
      call.on('end', () => done(null, { text: String(bytes) }))
    },
    chat(call) {
      call.on('cancelled', () => (seen.cancelled += 1))
      call.on('data', ({ text }: Text) => {
        if (text === 'refuse') call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'enough' })
        else call.write({ text: `${name}: ${text}` })
      })
      call.on('end', () => call.end())
    },
  }
  server.addService(test.Echo.service, handlers as never)
  const check: handleUnaryCall<unknown, { status: number }> = (_call, done) =>
    done(null, { status: seen.health })
  const { tls, hasHealth = false } = options
  if (hasHealth) server.addService(grpc.health.v1.Health.service, { Check: check })
  const security =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) },
        ])
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, security, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  t.teardown(() => server.forceShutdown())
  return { address: `127.0.0.1:${port}`, server, port, seen }
}

/** A client of a listener with a certificate for the name `x`. */
export function grpcClient(
  t: { teardown(undo: () => unknown): unknown },
  port: number,
  security: ChannelCredentials,
  options: object = {},
): Echo {
  const client = new test.Echo(`127.0.0.1:${port}`, security, {
    'grpc.ssl_target_name_override': 'x',
    'grpc.default_authority': 'x',
    ...options,
  }) as unknown as Echo
  t.teardown(() => client.close())
  return client
}

export function secured(certificate: string): ChannelCredentials {
  return credentials.createSsl(Buffer.from(certificate))
}

/** A unary call: its value, its error, and its trailers. */
export function call(
  client: Echo,
  text: string,
  { metadata = new Metadata(), ...options }: { metadata?: Metadata; deadline?: number } = {},
): Promise<{ text: string | undefined; error: ServiceError | null; trailers: Metadata | undefined }> {
  return new Promise((resolve) => {
    let result: { text: string | undefined; error: ServiceError | null } | undefined
    const made = client.unary({ text }, metadata, options, (error, value) => {
      result = { text: value?.text, error }
    })
    made.on('status', (ended) =>
      setImmediate(() => resolve({ text: undefined, error: null, ...result, trailers: ended.metadata })),
    )
  })
}

const { certificate, key } = makeCertificate('x')

/** A balancer with gRPC backends, and a client of it. */
export async function balanced(
  t: Test,
  addresses: string[],
  {
    pool = {},
    env = {},
    ...rest
  }: { pool?: object; env?: Record<string, string>; [key: string]: object } = {},
): Promise<{ lb: TestBalancer; client: Echo; port: number }> {
  const port = await freePort()
  const web = {
    ...{ protocol: 'h2c', health: { kind: 'none' }, ejection: { failures: 0 } },
    ...{ backends: addresses.map((address) => ({ address })), ...pool },
  }
  const listener = { port, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] }
  const config = {
    routes: [{ pool: 'web' }],
    pools: { web },
    listeners: [listener],
    log: { requests: 'all' },
    ...rest,
  }
  const lb = await balancer(t, config, { CRT: certificate, KEY: key, ...env })
  return { lb, port, client: grpcClient(t, port, secured(certificate)) }
}
