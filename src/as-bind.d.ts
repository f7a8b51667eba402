// as-bind 0.8.2 ships no usable types. Only what wasm.ts calls.
declare module "as-bind/dist/as-bind.esm.js" {
  export interface Bound {
    readonly exports: Record<string, (...args: never[]) => unknown>;
    readonly loadedModule: { readonly instance: WebAssembly.Instance };
  }
  export function instantiate(source: BufferSource, imports: WebAssembly.Imports): Promise<Bound>;
}
