/** A feature's words in both languages; the second must have exactly the keys of the first. */
import type { Language } from '@/api/types'

export interface WordTree {
  [key: string]: string | WordTree
}

export function both<T extends WordTree>(zh: T, en: NoInfer<T>): Record<Language, T> {
  return { 'zh-CN': zh, en }
}
