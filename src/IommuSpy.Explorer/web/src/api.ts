// Asks the server: docs/explorer.md says what it answers. The page's own address begins with the token, and every request is relative to it.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Row = { [name: string]: Json };
export interface Column { column: string; type: string; unit: string | null; meaning: string }
export interface Table { table: string; meaning: string; command: string; columns: Column[] }
export interface Page { table: string; offset: number; rows: Row[]; more: boolean; count?: number; problems: string[] }
export interface Kind { kind: string; words: string; group: string; groupWords: string }
export interface MapInfo { frames: number; kinds: Kind[]; devices: { device: string; driver: string | null; everything: boolean }[] }

export class Failure extends Error {}

async function get(path: string, parameters: Record<string, string | string[]>, signal?: AbortSignal): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      query.append(name, one);
    }
  }

  let response: Response;
  try {
    response = await fetch(`api/${path}?${query}`, { signal });
  } catch (error) {
    throw signal?.aborted ? error : new Failure('the explorer does not answer: is `iommu-spy serve` still running?');
  }

  if (!response.ok) {
    const told = await response.json().catch(() => null);
    throw new Failure(told?.error?.message ?? `the explorer answers ${response.status}`);
  }

  return response;
}

export async function ask<T>(path: string, parameters: Record<string, string | string[]> = {}, signal?: AbortSignal): Promise<T> {
  return (await get(path, parameters, signal)).json() as Promise<T>;
}

export async function tile(first: number, shift: number, cells: number, device: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await get('map/tile', { first: `${first}`, shift: `${shift}`, cells: `${cells}`, device }, signal);
  return new Uint8Array(await response.arrayBuffer());
}

// Asked once, and again where that failed.
function once<T>(question: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => answer ??= question().catch((error: unknown) => {
    answer = undefined;
    throw error;
  });
}

export const allTables = once(() => ask<{ tables: Table[] }>('tables').then(answer => answer.tables));
export const mapInfo = once(() => ask<MapInfo>('map'));
