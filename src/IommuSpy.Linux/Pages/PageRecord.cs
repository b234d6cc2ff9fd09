using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>What stands in one struct page. Fields that this kernel's struct page lacks read as 0 here; the answers made of them say so.</summary>
/// <param name="Frame">The page frame.</param>
/// <param name="Flags">The flags word: flags below, zone and node at its top.</param>
/// <param name="References">The reference count.</param>
/// <param name="MapWord">The map count less one, or a type: see <see cref="PageType"/>.</param>
/// <param name="HeadWord">In a tail of a compound page, where its head is; bit 0 says that it is one.</param>
/// <param name="Mapping">An address_space, anon_vma or movable_operations, with the kind in its low bits; 0 for none.</param>
/// <param name="Index">Its place in that, in pages.</param>
/// <param name="Private">The order of a free block, a swap entry, or the owner's.</param>
public readonly record struct PageRecord(PageFrame Frame, ulong Flags, int References, uint MapWord, ulong HeadWord, ulong Mapping, ulong Index, ulong Private);
