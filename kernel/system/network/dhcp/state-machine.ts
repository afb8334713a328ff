import { type Lease, leaseFrom } from './lease.ts'
import type { Message } from './message.ts'
import { addressesOf, code, messageType, numberOf } from './options.ts'
import { discover, type Identity, type Outgoing, request } from './message.ts'

/** A question that is out: repeated with the same number until it is answered or given up. */
interface Exchange {
  xid: number
  startedAt: number
  sentAt: number
  sends: number
  /** When it is sent again. */
  againAt: number
}

/** Where a client stands (RFC 2131, figure 5). Times are milliseconds of the machine's clock. */
export type State =
  | { name: 'waiting'; until: number; refusals: number }
  | { name: 'selecting'; exchange: Exchange; refusals: number }
  | { name: 'requesting'; exchange: Exchange; refusals: number; offer: Lease }
  | { name: 'rebooting'; exchange: Exchange; lease: Lease }
  | { name: 'bound'; lease: Lease }
  | { name: 'renewing' | 'rebinding'; exchange: Exchange; lease: Lease }

/** What surrounds a step. */
export interface Context {
  now: number
  /** 0 ≤ x < 1. */
  random: () => number
  identity: Identity
}

/** The result of a step. */
export interface Step {
  state: State
  send?: Outgoing
  /** A server granted or prolonged this. */
  granted?: Lease
  /** The address must no longer be used, and why. */
  lost?: 'expired' | 'refused'
}

/**
 * Virtual networks answer within milliseconds, so a first repeat after 0.25 s costs nothing when all is
 * well, and little boot time when the first packet was sent into a link that was still coming up.
 */
const firstRepeat = 250
const longestRepeat = 64_000
/** Repeats of a REQUEST before starting over with a DISCOVER: 0.25 + 0.5 + 1 + 2 s. */
const requestTries = 4
/** RFC 2131, 4.4.5: a renewal is not repeated more often. */
const shortestRenewalRepeat = 60_000

/** The first step: with the saved lease if the address is still set, else by asking whether we may have it again. */
export function begin(saved: { lease: Lease; inUse: boolean } | undefined, context: Context): Step {
  if (saved === undefined || saved.lease.expiresAt <= context.now) return startDiscover(context, 0)
  const { lease } = saved
  if (saved.inUse) return advance({ name: 'bound', lease }, undefined, context)
  return ask({ name: 'rebooting', exchange: newExchange(context), lease }, context)
}

/** When the state wants to be advanced again if no message comes. */
export function wakeAt(state: State): number {
  switch (state.name) {
    case 'waiting':
      return state.until
    case 'bound':
      return state.lease.renewAt
    case 'renewing':
      return Math.min(state.exchange.againAt, state.lease.rebindAt)
    case 'rebinding':
      return Math.min(state.exchange.againAt, state.lease.expiresAt)
    default:
      return state.exchange.againAt
  }
}

/** The next step, after a message or, without one, because time has passed. */
export function advance(state: State, message: Message | undefined, context: Context): Step {
  if (message !== undefined) return receive(state, message, context)
  return wakeAt(state) > context.now ? { state } : wake(state, context)
}

function wake(state: State, context: Context): Step {
  switch (state.name) {
    case 'waiting':
      return startDiscover(context, state.refusals)
    case 'selecting':
      return ask(state, context)
    case 'requesting':
    case 'rebooting':
      if (state.exchange.sends < requestTries) return ask(state, context)
      return startDiscover(context, 'refusals' in state ? state.refusals : 0)
    default:
      return prolong(state, context)
  }
}

function prolong(
  state: Extract<State, { name: 'bound' | 'renewing' | 'rebinding' }>,
  context: Context,
): Step {
  const { lease } = state
  if (context.now >= lease.expiresAt) return { ...startDiscover(context, 0), lost: 'expired' }
  const name = context.now >= lease.rebindAt ? 'rebinding' : 'renewing'
  const exchange = state.name === name ? state.exchange : newExchange(context)
  return ask({ name, exchange, lease }, context)
}

function receive(state: State, message: Message, context: Context): Step {
  if (!('exchange' in state) || message.op !== 2 || message.xid !== state.exchange.xid) return { state }
  if (Buffer.compare(message.chaddr, context.identity.mac) !== 0) return { state }
  const type = numberOf(message.options, code.messageType, 1)
  const known =
    state.name === 'requesting' ? state.offer.server : 'lease' in state ? state.lease.server : undefined
  const lease = leaseFrom(message, state.exchange.sentAt, known)

  if (state.name === 'selecting') {
    if (type !== messageType.offer || lease === undefined) return { state }
    const exchange = { ...state.exchange, sends: 0 }
    return ask({ name: 'requesting', exchange, refusals: state.refusals, offer: lease }, context)
  }
  const sender = addressesOf(message.options, code.server)[0]
  if (state.name === 'requesting' && sender !== undefined && sender !== known) return { state }
  if (type === messageType.ack && lease !== undefined)
    return { state: { name: 'bound', lease }, granted: lease }
  if (type === messageType.nak) return refused(state, context)
  return { state }
}

/** Starts over; each refusal in a row waits longer, so that a quarrelsome server is not stormed. */
function refused(state: State, context: Context): Step {
  const inUse = state.name === 'renewing' || state.name === 'rebinding'
  const refusals = 'refusals' in state ? state.refusals + 1 : 0
  if (refusals === 0) return { ...startDiscover(context, 0), ...(inUse ? { lost: 'refused' } : {}) }
  const until = context.now + repeatDelay(refusals + 1, context)
  return { state: { name: 'waiting', until, refusals } }
}

function startDiscover(context: Context, refusals: number): Step {
  return ask({ name: 'selecting', exchange: newExchange(context), refusals }, context)
}

type Asking = Extract<State, { exchange: Exchange }>

/** Sends the state's question, for the first time or again. */
function ask(state: Asking, context: Context): Step {
  const exchange = {
    ...state.exchange,
    sentAt: context.now,
    sends: state.exchange.sends + 1,
    againAt: context.now + pause(state, context),
  }
  return { state: { ...state, exchange }, send: question(state, context) }
}

function pause(state: Asking, context: Context): number {
  if (state.name !== 'renewing' && state.name !== 'rebinding')
    return repeatDelay(state.exchange.sends + 1, context)
  const end = state.name === 'renewing' ? state.lease.rebindAt : state.lease.expiresAt
  return Math.max((end - context.now) / 2, shortestRenewalRepeat)
}

function question(state: Asking, { identity, now }: Context): Outgoing {
  const { xid, startedAt } = state.exchange
  const secs = Math.floor((now - startedAt) / 1e3)
  const common = { type: messageType.request, xid, secs }
  switch (state.name) {
    case 'selecting':
      return discover(identity, xid, secs)
    case 'requesting':
      return request(identity, { ...common, requested: state.offer.address, server: state.offer.server })
    case 'rebooting':
      return request(identity, { ...common, requested: state.lease.address })
    case 'renewing':
      return request(identity, { ...common, ciaddr: state.lease.address, to: state.lease.server })
    default:
      return request(identity, { ...common, ciaddr: state.lease.address })
  }
}

function newExchange({ now, random }: Context): Exchange {
  return { xid: Math.floor(random() * 2 ** 32), startedAt: now, sentAt: now, sends: 0, againAt: now }
}

/** Doubles with every send, give or take a fifth, so that machines that start together do not stay in step. */
function repeatDelay(sends: number, { random }: Context): number {
  const delay = Math.min(firstRepeat * 2 ** (sends - 1), longestRepeat)
  return delay * (0.8 + 0.4 * random())
}
