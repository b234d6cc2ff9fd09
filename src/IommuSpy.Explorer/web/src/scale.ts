// The logarithmic scale of bands: a page is as wide as a letter, and every doubling adds as much again.

const PAGE = 4096;

// How much room so many bytes get beside others.
export function weight(bytes: number): number {
  return 1 + Math.max(0, Math.log2(bytes / PAGE));
}
