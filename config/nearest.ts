/** Finds the candidate with the fewest edits, if they are few for its length. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  let best: { name: string; edits: number } | undefined
  for (const name of candidates) {
    const edits = distance(wanted, name.toLowerCase())
    if (edits <= Math.max(2, word.length / 3) && edits < (best?.edits ?? Infinity)) best = { name, edits }
  }
  return best?.name
}

/** Counts the insertions, deletions and replacements between two words (Levenshtein). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, letter] of from.split('').entries()) {
    const current = [row + 1]
    for (const [column, other] of to.split('').entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
