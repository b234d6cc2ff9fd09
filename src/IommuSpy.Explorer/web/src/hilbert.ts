// Hilbert's curve: what is near in memory is near in the picture. A square of 2^order cells a side; a run of 4^k cells that begins at a multiple of 4^k is a
// square of 2^k a side.

export function place(order: number, index: number): [number, number] {
  let x = 0;
  let y = 0;
  for (let bit = 0, rest = index; bit < order; bit++) {
    const digit = rest % 4;
    rest = Math.floor(rest / 4);
    const right = digit >> 1;
    const up = (digit & 1) ^ right;
    const side = 2 ** bit;
    if (up === 0) {
      if (right === 1) {
        x = side - 1 - x;
        y = side - 1 - y;
      }

      [x, y] = [y, x];
    }

    x += side * right;
    y += side * up;
  }

  return [x, y];
}

export function index(order: number, x: number, y: number): number {
  let found = 0;
  for (let bit = order - 1; bit >= 0; bit--) {
    const side = 2 ** bit;
    const right = x >= side ? 1 : 0;
    const up = y >= side ? 1 : 0;
    found = found * 4 + ((3 * right) ^ up);
    x -= side * right;
    y -= side * up;
    if (up === 0) {
      if (right === 1) {
        x = side - 1 - x;
        y = side - 1 - y;
      }

      [x, y] = [y, x];
    }
  }

  return found;
}
