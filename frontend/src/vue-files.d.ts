/** For tools that read TypeScript without Vue's compiler (the linter); vue-tsc reads the real components. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}
