'use strict'

const everyMs = 1000
const longestMs = 15_000
const points = 60

const byId = (id) => document.getElementById(id)
/** Rows by pool and backend: cells are changed in place, so that focus and selection stay. */
const rows = new Map()
let waitMs = everyMs

/** Asks for the state, shows it, and asks again: less often while there is no answer, not at all while hidden. */
async function poll() {
  if (document.hidden) return
  try {
    const response = await fetch('/api/backends', { signal: AbortSignal.timeout(5000) })
    if (!response.ok) throw new Error(`the answer is ${response.status}`)
    show(await response.json())
    byId('away').hidden = true
    waitMs = everyMs
  } catch (error) {
    waitMs = Math.min(waitMs * 2, longestMs)
    byId('away').hidden = false
    byId('away').textContent =
      `The machine does not answer (${error.message}). What you see is old; asking again.`
  }
  clearTimeout(poll.timer)
  poll.timer = setTimeout(() => void poll(), waitMs)
}

function show({ pools, hostname, processes, uptime, version }) {
  document.title = byId('hostname').textContent = hostname
  byId('facts').textContent =
    `${processes} ${processes === 1 ? 'process' : 'processes'} · up ${duration(uptime)} · Node ${version}`
  byId('empty')?.remove()
  const seen = new Set()
  for (const pool of pools) {
    const body = poolBody(pool)
    for (const backend of pool.backends) {
      const key = `${pool.name} ${backend.id}`
      seen.add(key)
      if (!rows.has(key)) rows.set(key, newRow(pool.name, backend, body))
      update(rows.get(key), backend)
    }
  }
  for (const [key, row] of rows) {
    if (seen.has(key)) continue
    row.element.remove()
    rows.delete(key)
  }
}

function poolBody({ name, algorithm }) {
  const id = `pool-${name}`
  if (!byId(id)) {
    const section = byId('pool').content.cloneNode(true)
    const heading = section.querySelector('h2')
    heading.id = `${id}-name`
    heading.append(name, ' ', Object.assign(document.createElement('small'), { textContent: algorithm }))
    section.querySelector('.scroll').setAttribute('aria-labelledby', heading.id)
    section.querySelector('table').setAttribute('aria-labelledby', heading.id)
    section.querySelector('tbody').id = id
    byId('pools').append(section)
  }
  return byId(id)
}

function newRow(pool, { id }, body) {
  const element = byId('backend').content.cloneNode(true).querySelector('tr')
  const [weight, drain] = [element.querySelector('input'), element.querySelector('button')]
  element.querySelector('th').textContent = id
  weight.setAttribute('aria-label', `Weight of ${id}`)
  drain.setAttribute('aria-label', `Drain ${id}`)
  const path = `/api/pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(id)}`
  weight.addEventListener('change', () =>
    change(path, { weight: weight.valueAsNumber }, `${id} weighs ${weight.value}`),
  )
  drain.addEventListener('click', () => {
    const draining = drain.getAttribute('aria-pressed') !== 'true'
    void change(path, { draining }, draining ? `${id} drains` : `${id} takes requests again`)
  })
  body.append(element)
  return { element, weight, drain, rates: Array(points).fill(0) }
}

function update({ element, weight, drain, rates }, { state, reason, latency, ...backend }) {
  const set = (cell, text) => {
    const found = element.querySelector(`[data-cell=${cell}]`)
    if (found.textContent !== text) found.textContent = text
  }
  const badge = element.querySelector('.state')
  if (badge.textContent !== state) badge.textContent = state
  badge.dataset.state = state
  badge.title = reason ?? ''
  set('inflight', String(backend.inflight))
  set('rate', backend.rate.toFixed(1))
  for (const name of ['p50', 'p90', 'p99']) set(name, milliseconds(latency[name]))
  set(
    'errors',
    `${(backend.errorRate * 100).toFixed(backend.errorRate > 0 && backend.errorRate < 0.1 ? 2 : 0)} %`,
  )
  if (document.activeElement !== weight) weight.value = String(backend.weight)
  drain.setAttribute('aria-pressed', String(state === 'draining'))
  rates.push(backend.rate)
  rates.shift()
  const highest = Math.max(1, ...rates)
  const line = rates.map((rate, index) => `${index},${(15 - (rate / highest) * 14).toFixed(1)}`).join(' ')
  element.querySelector('polyline').setAttribute('points', line)
}

async function change(path, body, done) {
  try {
    const response = await fetch(path, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${byId('token').value}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { error } = await response.json()
    say(error ?? done, !response.ok)
    if (response.status === 401) byId('token').focus()
  } catch (error) {
    say(error.message, true)
  }
  void poll()
}

function say(text, bad) {
  byId('said').textContent = text
  byId('said').classList.toggle('bad', bad)
}

function milliseconds(value) {
  return value === 0 ? '–' : value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

byId('access').addEventListener('submit', (event) => event.preventDefault())
document.addEventListener('visibilitychange', () => void poll())
void poll()
