import { isObject, type Json, type JsonObject } from './lib/json.ts'
import { child, valueAt } from './pointer.ts'

/** Maps JSON pointers to the file or variable that set the value. Lists are set as a whole. */
export type Provenance = Map<string, string>

/** Records the source of a value and, in objects, of everything inside. */
export function note(value: Json, source: string, provenance: Provenance, pointer = ''): void {
  provenance.set(pointer, source)
  if (!isObject(value)) return
  for (const [key, inner] of Object.entries(value)) note(inner, source, provenance, child(pointer, key))
}

/**
 * Applies a JSON merge patch (RFC 7396): objects merge, null removes a key, any other value replaces.
 * Records in `provenance` which source set each value.
 */
export function mergePatch(
  target: Json | undefined,
  patch: Json,
  source: string,
  provenance: Provenance,
  pointer = '',
): Json {
  if (!isObject(patch) || !isObject(target)) {
    forget(provenance, pointer)
    provenance.set(pointer, source)
  }
  if (!isObject(patch)) return patch
  const merged: JsonObject = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    const here = child(pointer, key)
    if (value === null) {
      forget(provenance, here)
      delete merged[key]
    } else {
      merged[key] = mergePatch(merged[key], value, source, provenance, here)
    }
  }
  return merged
}

function forget(provenance: Provenance, pointer: string): void {
  for (const known of provenance.keys()) {
    if (`${known}/`.startsWith(`${pointer}/`)) provenance.delete(known)
  }
}

/**
 * Returns the source that set a value; for a missing value, the source of the object that lacks it.
 * Returns undefined for a default.
 */
export function sourceOf(provenance: Provenance, value: Json, pointer: string): string | undefined {
  let here = pointer
  while (!provenance.has(here) && here !== '') here = here.slice(0, here.lastIndexOf('/'))
  const inherited = here !== pointer && isObject(valueAt(value, here))
  return inherited && valueAt(value, pointer) !== undefined ? undefined : provenance.get(here)
}
