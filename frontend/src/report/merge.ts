/** Brings two people's (or two windows') changes of one report together without losing either. */
import { isSame, type KeyImage, type ReportText, sameImages, type Section, SECTIONS } from './text'

export interface Merged {
  text: ReportText
  /** Sections that only the other side had changed: their text is in. */
  taken: (Section | 'key_images')[]
  /** Sections that both sides changed differently: `text` holds mine until the person has chosen. */
  conflicts: Section[]
}

/** Mine and theirs both began at `base`. */
export function merge(base: ReportText, mine: ReportText, theirs: ReportText): Merged {
  const text = { ...mine }
  const taken: Merged['taken'] = []
  const conflicts: Section[] = []
  for (const section of SECTIONS) {
    if (mine[section] === theirs[section] || theirs[section] === base[section]) continue
    if (mine[section] === base[section]) {
      text[section] = theirs[section]
      taken.push(section)
    } else conflicts.push(section)
  }
  text.key_images = mergeImages(base.key_images, mine.key_images, theirs.key_images)
  if (!sameImages(text.key_images, mine.key_images)) taken.push('key_images')
  return { text, taken, conflicts }
}

function find(images: KeyImage[], wanted: KeyImage): KeyImage | undefined {
  return images.find((image) => isSame(image, wanted))
}

/** An image that either side added is in, one that either side removed is out; of two captions mine stays. */
function mergeImages(base: KeyImage[], mine: KeyImage[], theirs: KeyImage[]): KeyImage[] {
  const kept = mine
    .filter((image) => find(base, image) === undefined || find(theirs, image) !== undefined)
    .map((image) => (find(base, image)?.caption === image.caption ? (find(theirs, image) ?? image) : image))
  const added = theirs.filter((image) => find(base, image) === undefined && find(mine, image) === undefined)
  return [...kept, ...added]
}

/** Both texts of a section, one after the other, without the lines that they share. */
export function bothOf(mine: string, theirs: string): string {
  const have = new Set(mine.split('\n').map((line) => line.trim()))
  const more = theirs.split('\n').filter((line) => !have.has(line.trim()))
  return more.length === 0 ? mine : [mine.trimEnd(), ...more].filter((line) => line !== '').join('\n')
}
