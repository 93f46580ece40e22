/** The pages by address. A page without `open` needs a session; `bare` pages have no bar of their own around them. */
import { nextTick, watchEffect } from 'vue'
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router'

import { useSession } from '@/account/session'
import SignIn from '@/account/SignIn.vue'
import { i18n } from '@/i18n'
import NotFound from '@/look/NotFound.vue'
import WorklistPage from '@/worklist/WorklistPage.vue'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean
    bare?: boolean
    /** Key of the page's name in the browser's title bar; never a patient's name. */
    title?: string
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/worklist' },
  { path: '/sign-in', name: 'sign-in', component: SignIn, meta: { open: true, bare: true, title: 'account.signIn' } },
  { path: '/worklist', name: 'worklist', component: WorklistPage, meta: { title: 'account.worklist' } },
  { path: '/desk', name: 'desk', component: () => import('@/desk/DeskPage.vue'), meta: { title: 'desk.title' } },
  { path: '/account', name: 'account', component: () => import('@/account/AccountPage.vue'), meta: { title: 'account.own' } },
  { path: '/first', name: 'first', component: () => import('@/account/FirstSecrets.vue'), meta: { bare: true, title: 'account.first.page' } },
  {
    path: '/admin/:tab(people|institutions|agreements)?',
    name: 'admin',
    component: () => import('@/admin/AdminPage.vue'),
    props: (to) => ({ tab: to.params.tab === '' ? 'people' : to.params.tab }),
    meta: { title: 'admin.title' },
  },
  {
    path: '/requests/new',
    name: 'new-request',
    component: () => import('@/request/RequestPage.vue'),
    meta: { title: 'account.newRequest' },
  },
  {
    path: '/cases/:id/edit',
    name: 'edit-request',
    component: () => import('@/request/RequestPage.vue'),
    props: true,
    meta: { title: 'request.editTitle' },
  },
  { path: '/cases/:id', name: 'case', component: () => import('@/case/CasePage.vue'), props: true, meta: { title: 'case.title' } },
  {
    path: '/cases/:id/read',
    name: 'read',
    component: () => import('@/viewer/Workplace.vue'),
    props: (to) => ({ caseId: String(to.params.id) }),
    meta: { bare: true, title: 'case.reading' },
  },
  {
    path: '/cases/:id/sign',
    name: 'sign',
    component: () => import('@/report/SigningPage.vue'),
    props: (to) => ({ caseId: String(to.params.id) }),
    meta: { bare: true, title: 'case.signing' },
  },
  {
    path: '/studies/:uid/conflicts',
    name: 'conflicts',
    component: () => import('@/images/ConflictPage.vue'),
    props: true,
    meta: { title: 'images.conflicts.title' },
  },
  {
    path: '/verify/:number?',
    name: 'verify',
    component: () => import('@/verify/VerifyPage.vue'),
    props: true,
    meta: { open: true, bare: true, title: 'verify.title' },
  },
  { path: '/verification', name: 'verification', component: () => import('@/operate/VerificationPage.vue'), meta: { title: 'operate.verification.title' } },
  { path: '/notices', name: 'notices', component: () => import('@/notices/NoticesPage.vue'), meta: { title: 'notices.title' } },
  { path: '/sendings', name: 'sendings', component: () => import('@/notices/SendingsPage.vue'), meta: { title: 'notices.sendings.title' } },
  { path: '/messages', name: 'messages', component: () => import('@/talk/MessagesPage.vue'), meta: { title: 'talk.page' } },
  { path: '/quarantine', name: 'quarantine', component: () => import('@/operate/QuarantinePage.vue'), meta: { title: 'operate.quarantine.title' } },
  { path: '/turnaround', name: 'turnaround', component: () => import('@/turnaround/TurnaroundPage.vue'), meta: { title: 'turnaround.title' } },
  { path: '/rota', name: 'rota', component: () => import('@/rota/RotaPage.vue'), meta: { title: 'rota.title' } },
  { path: '/routing', name: 'routing', component: () => import('@/rota/RulesPage.vue'), meta: { title: 'rota.rulesTitle' } },
  { path: '/audit', name: 'audit', component: () => import('@/operate/AuditPage.vue'), meta: { title: 'operate.audit.title' } },
  { path: '/:rest(.*)*', name: 'lost', component: NotFound, meta: { title: 'look.lost.title' } },
]

async function guard(to: RouteLocationNormalized) {
  if (to.meta.open === true) return true
  try {
    const session = useSession()
    if (await session.ensure()) return session.temporary === (to.name === 'first') || { name: session.temporary ? 'first' : 'worklist' }
  } catch {
    // no answer from the server: the page itself will say so and offer to try again
    return true
  }
  return { name: 'sign-in', query: to.fullPath === '/worklist' ? {} : { next: to.fullPath } }
}

const BAR_PX = 72 // the bar sticks to the top and must not cover what is gone to

export function makeRouter() {
  const router = createRouter({
    history: createWebHistory(),
    routes,
    scrollBehavior: (to, _from, saved) => saved ?? (to.hash === '' ? { top: 0 } : { el: to.hash, top: BAR_PX }),
  })
  router.beforeEach(guard)
  router.afterEach((to, from) => {
    // a new page begins at its top for the keyboard and for a screen reader too
    if (from.name !== undefined && to.name !== from.name) void nextTick(() => document.getElementById('content')?.focus({ preventScroll: true }))
  })
  // named again in another language too
  watchEffect(() => {
    const { t } = i18n.global
    const { title } = router.currentRoute.value.meta
    document.title = title === undefined ? t('look.product') : `${t(title)} · ${t('look.product')}`
  })
  // After an update the old chunks are gone from the server: load the page afresh, once.
  router.onError((_reason, to) => {
    if (!navigator.onLine || sessionStorage.getItem('consult.reloaded') === to.fullPath) return
    sessionStorage.setItem('consult.reloaded', to.fullPath)
    window.location.assign(to.fullPath)
  })
  return router
}
