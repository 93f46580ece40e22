/** Skills as administrators type them: `CT:HEAD`, `MR:*`, `CT:HEAD:neuro`, one after another. */
export interface Skill {
  modality: string
  body_part: string
  subspecialty: string
}

export function skillText(skill: { modality: string; body_part: string; subspecialty: string | null }): string {
  return [skill.modality, skill.body_part, skill.subspecialty].filter((part) => part !== null && part !== '').join(':')
}

/** The skill that a word says; null when it says none. */
export function skillOf(word: string): Skill | null {
  const [modality = '', body_part = '', subspecialty = '', ...rest] = word.trim().split(/[:：]/)
  if (modality === '' || body_part === '' || rest.length > 0) return null
  return { modality: modality.toUpperCase(), body_part: body_part.toUpperCase(), subspecialty }
}
