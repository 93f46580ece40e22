/** The list of a multidisciplinary consultation as it is filled in. */
import type { CaseMember } from '@/api/types'

export interface Seat {
  person: string
  specialty: string
  role: CaseMember['role']
}

export const ROLES: readonly Seat['role'][] = ['chair', 'member', 'observer']

/** One chair, two or more specialties with a voice, everyone once, nothing left open. */
export function seatsFit(seats: Seat[]): boolean {
  const complete = seats.every((seat) => seat.person !== '' && seat.specialty !== '')
  const once = new Set(seats.map((seat) => seat.person)).size === seats.length
  const chairs = seats.filter((seat) => seat.role === 'chair').length
  const voices = new Set(seats.filter((seat) => seat.role !== 'observer').map((seat) => seat.specialty)).size
  return complete && once && chairs === 1 && voices >= 2
}

/** A first list to fill in: a chair and a member. */
export function firstSeats(): Seat[] {
  return [
    { person: '', specialty: '', role: 'chair' },
    { person: '', specialty: '', role: 'member' },
  ]
}
