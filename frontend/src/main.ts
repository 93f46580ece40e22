/** Starts the pages: language, session, routes. */
import '@/look/tokens.css'
import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/el-button.css'
import 'element-plus/theme-chalk/el-date-picker.css'
import 'element-plus/theme-chalk/el-date-picker-panel.css'
import 'element-plus/theme-chalk/el-dialog.css'
import 'element-plus/theme-chalk/el-dropdown.css'
import 'element-plus/theme-chalk/el-dropdown-item.css'
import 'element-plus/theme-chalk/el-dropdown-menu.css'
import 'element-plus/theme-chalk/el-icon.css'
import 'element-plus/theme-chalk/el-input.css'
import 'element-plus/theme-chalk/el-message.css'
import 'element-plus/theme-chalk/el-option.css'
import 'element-plus/theme-chalk/el-overlay.css'
import 'element-plus/theme-chalk/el-popper.css'
import 'element-plus/theme-chalk/el-scrollbar.css'
import 'element-plus/theme-chalk/el-select.css'
import 'element-plus/theme-chalk/el-tag.css'
import 'element-plus/theme-chalk/el-time-picker.css'
import '@/look/element.css'
import '@/look/page.css'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import { useSession } from '@/account/session'
import { wire } from '@/api/wire'
import App from '@/App.vue'
import { currentLanguage, i18n, speak } from '@/i18n'
import { makeRouter } from '@/router'

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
speak(currentLanguage())

const router = makeRouter()
app.use(router)

wire.signedOut = () => {
  useSession().drop()
  const { fullPath, meta } = router.currentRoute.value
  if (meta.open !== true) void router.replace({ name: 'sign-in', query: { next: fullPath, ended: '1' } })
}

app.mount('#app')
