/**
 * Where things lie in memory: packed panels first, the arena that TypeScript hands out after them.
 */

/** Room for a packed block of A: 128 x 256 doubles. */
export const packedA: usize = (__heap_base + 63) & ~63;
/** Room for packed panels of B: 256 x 512 doubles, columns rounded up to a tile. */
export const packedB: usize = packedA + 128 * 256 * 8;
/** A register tile of either type, for the borders of C. */
export const scratchTile: usize = packedB + 256 * (512 + 8) * 8;
/** The first byte that belongs to the arena. */
export const arena: usize = scratchTile + 256;
