/** The answers to what a case was returned for, as they are written item by item. */
import type { Asked } from '@/api/types'

export interface Reply {
  answer: string
  declined: boolean
  files: { id: string; name: string }[]
}

export function emptyReplies(asked: Asked[]): Reply[] {
  return asked.map((one) => ({ answer: one.answer, declined: one.declined, files: one.files.map((id) => ({ id, name: '' })) }))
}

/** Words or a file; of an item that cannot be given, why. */
export function isAnswered(reply: Reply): boolean {
  return reply.answer.trim() !== '' || (!reply.declined && reply.files.length > 0)
}

export function openCount(replies: Reply[]): number {
  return replies.filter((reply) => !isAnswered(reply)).length
}

export function answersOf(replies: Reply[]): { answer: string; declined: boolean; files: string[] }[] {
  return replies.map((reply) => ({
    answer: reply.answer.trim(),
    declined: reply.declined,
    files: reply.declined ? [] : reply.files.map((file) => file.id),
  }))
}

/** Reads as people read sizes. */
export function sizeOf(bytes: number): string {
  if (bytes < 1024 * 1024) return `${String(Math.max(1, Math.round(bytes / 1024)))} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
