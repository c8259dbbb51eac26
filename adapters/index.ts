/** Every adapter by its name in the configuration; each vendor's modules are loaded only when one is configured. */
export const adapters = {
  kaltura: () => import('./kaltura/index.ts'),
  google: () => import('./google/index.ts'),
  microsoft365: () => import('./microsoft365/index.ts'),
} as const
