/**
 * Every build and every test project.
 *
 * - `vite build`: the app (tabs, workers, service worker) into `dist/app`.
 * - `vite build --ssr api/main.ts`: the server into `dist/server`, packages left outside.
 * - `vitest`: project `node` (`*.test.ts`) and project `pg` (`*.pg.test.ts`, one Postgres per run).
 *
 * Vite never checks types; `tsc -b` does.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { VitePWA } from 'vite-plugin-pwa';
import type { Plugin, UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import { driverGuard } from './api/db/driver-guard.ts';

const root = import.meta.dirname;

/** Any name ending in `.pg.test.ts` needs a database; the rest of `.test.ts` runs in plain Node. */
const isolatedFrom = ['**/node_modules/**', '**/dist/**', '**/.build/**'];

/** The PWA plugin names its result after the source; the address of a service worker is for ever. */
const nameServiceWorker = (): Plugin => ({
  name: 'larder-service-worker-name',
  enforce: 'post',
  closeBundle: {
    order: 'post',
    sequential: true,
    handler() {
      const built = join(root, 'dist/app/service-worker.js');
      if (existsSync(built)) renameSync(built, join(root, 'dist/app/sw.js'));
    },
  },
});

const app = (): UserConfig => ({
  root: join(root, 'web'),
  plugins: [
    react(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: join(root, 'worker'),
      filename: 'service-worker.ts',
      injectRegister: false, // The app asks before it reloads, so it registers by itself.
      manifest: false, // Written by hand in web/public.
      injectManifest: {
        rollupFormat: 'iife', // A classic script starts in every browser.
        globPatterns: ['**/*.{html,js,css,wasm,svg,png,webmanifest}'],
        globIgnores: ['shots/**'],
        maximumFileSizeToCacheInBytes: 3_000_000,
      },
    }),
    nameServiceWorker(),
  ],
  build: {
    outDir: join(root, 'dist/app'),
    emptyOutDir: true,
    target: 'es2023',
    // A photo or font as a data: URL would need a wider policy; every asset is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  server: { fs: { allow: [root] } },
});

const server = (): UserConfig => ({
  root,
  publicDir: false,
  // The database driver is bundled, because a fault of it is mended on the way in.
  plugins: [driverGuard()],
  ssr: { noExternal: ['postgres'] },
  build: {
    outDir: join(root, 'dist/server'),
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    sourcemap: true,
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
});

export default defineConfig(({ isSsrBuild }) => {
  if (process.env['VITEST'] === undefined) return isSsrBuild === true ? server() : app();
  return {
    root,
    test: {
      projects: [
        {
          test: {
            name: 'node',
            include: ['**/*.test.ts'],
            exclude: [...isolatedFrom, '**/*.pg.test.ts'],
            // The simulators keep both cores busy; a test beside them waits its turn.
            testTimeout: 60_000,
          },
        },
        {
          plugins: [driverGuard()],
          test: {
            name: 'pg',
            server: { deps: { inline: ['postgres'] } },
            include: ['**/*.pg.test.ts'],
            exclude: isolatedFrom,
            globalSetup: [join(root, 'test/pg-server.ts')],
            testTimeout: 30_000,
            hookTimeout: 60_000,
            // A state that a busy machine reaches late is reached all the same.
            expect: { poll: { timeout: 15_000 } },
          },
        },
      ],
    },
  };
});
