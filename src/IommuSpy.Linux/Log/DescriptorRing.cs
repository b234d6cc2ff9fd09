using System.Buffers.Binary;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Log;

/// <summary>The log since 5.10: a ring of descriptors, one of what is known of each message, and one of texts (kernel/printk/printk_ringbuffer.c).</summary>
internal sealed class DescriptorRing : KernelLog
{
    // struct prb_desc_ring: count_bits, descs, infos, head_id, tail_id.
    private const ulong CountBitsAt = 0;
    private const ulong DescriptorsAt = 8;
    private const ulong InfosAt = 16;
    private const ulong HeadIdAt = 24;
    private const ulong TailIdAt = 32;

    // struct prb_data_ring: size_bits, data, head_lpos, tail_lpos.
    private const ulong SizeBitsAt = 0;
    private const ulong DataAt = 8;
    private const ulong HeadPositionAt = 16;
    private const ulong TailPositionAt = 24;

    // struct prb_desc: state_var, text_blk_lpos.begin and .next.
    private const ulong DescriptorBytes = 24;

    // state_var: the state in its two highest bits, the descriptor's number in the others.
    private const int StateShift = 62;
    private const ulong NumberMask = (1UL << StateShift) - 1;
    private const ulong Committed = 1;
    private const ulong Finalized = 2;

    // A descriptor without a text: either it was empty, or it found no room (LPOS_DATALESS, FAILED_LPOS).
    private const ulong Dataless = 1;
    private const ulong NoRoom = 1;

    // struct printk_info.
    private const int NanosecondsAt = 8;
    private const int TextLengthAt = 16;
    private const int FacilityAt = 18;
    private const int FlagsAt = 19;
    private const int CallerAt = 20;
    private const int LevelShift = 5;
    private const int EndsLine = 2;
    private const int Continues = 8;
    private const int SubsystemBytes = 16;
    private const int HandleBytes = 48;

    private const int MostCountBits = 25;
    private const int MostSizeBits = 31;
    private const ulong MostInfoBytes = 1024;

    private readonly AddressSpace _space;
    private readonly RingLayout _layout;
    private readonly ulong _count;
    private readonly ulong _bytes;
    private readonly VirtualAddress _descriptors;
    private readonly VirtualAddress _infos;
    private readonly VirtualAddress _data;
    private readonly ulong _head;
    private readonly ulong _tail;

    private DescriptorRing(LinuxKernel kernel, RingLayout layout, Ring ring) : base(kernel)
    {
        _space = kernel.Space;
        _layout = layout;
        _count = 1UL << ring.CountBits;
        _bytes = 1UL << ring.SizeBits;
        (_descriptors, _infos, _data, _head, _tail) = (new(ring.Descriptors), new(ring.Infos), new(ring.Data), ring.Head, ring.Tail);
    }

    /// <inheritdoc/>
    public override string Form => "ring of descriptors";

    /// <inheritdoc/>
    public override ulong First
    {
        get
        {
            // Before it has gone round once, the ring begins with descriptors that no message has had.
            ulong number = _tail;
            while (number != _head && Descriptor(number) is null)
            {
                number = (number + 1) & NumberMask;
            }

            return Word(Info(number)) ?? 0;
        }
    }

    /// <summary>Finds the ring that is in use: prb points at it, since early messages go to another one.</summary>
    public static DescriptorRing? Find(LinuxKernel kernel, KernelTypes? types)
    {
        if (Variable(kernel, "prb") is not VirtualAddress pointer || !kernel.Space.TryRead(pointer, out ulong at) || at == 0)
        {
            return null;
        }

        foreach (RingLayout layout in RingLayout.Candidates(types, kernel.VmCoreInfo))
        {
            if (Read(kernel, new(at), layout) is Ring ring)
            {
                return new(kernel, layout, ring);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override IEnumerable<LogMessage> Messages()
    {
        WorkAllowance allowance = new(Kernel.Memory.Budget, Work.Steps, (long)_count);
        byte[] info = new byte[_layout.InfoBytes];

        // No two messages share a byte of the ring: what claims more than it has is forged.
        ulong left = _bytes;
        ulong? last = null;
        ulong lost = 0;
        long disordered = 0;
        bool open = false;
        for (ulong number = _tail; ((_head - number) & NumberMask) < _count && allowance.TryUse(); number = (number + 1) & NumberMask)
        {
            if (Descriptor(number) is not (ulong begin, ulong next) || _space.Read(Info(number), info) != info.Length)
            {
                continue;
            }

            ulong sequence = BinaryPrimitives.ReadUInt64LittleEndian(info);
            if (last is ulong before && sequence <= before)
            {
                // Said once: a forged ring has millions of them.
                if (disordered++ == 0)
                {
                    Found.Add($"message {sequence} stands behind message {before}: the ring is damaged there, and such messages are left out");
                }

                continue;
            }

            last = sequence;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(info.AsSpan(TextLengthAt));
            if (Text(number, begin, next, length) is not byte[] text)
            {
                lost++;
                continue;
            }

            if ((ulong)text.Length > left)
            {
                Found.Add("its messages claim more bytes than the ring has: it is damaged, and not read further");
                break;
            }

            left -= (ulong)text.Length;
            byte flags = info[FlagsAt];
            bool continues = (flags & Continues) != 0 && open;
            open = (flags & EndsLine) == 0;
            ReadOnlySpan<byte> device = info.AsSpan((int)_layout.Device);
            yield return new(sequence, BinaryPrimitives.ReadUInt64LittleEndian(info.AsSpan(NanosecondsAt)), info[FacilityAt], flags >> LevelShift,
                new(BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(CallerAt))), NameOf(device[..SubsystemBytes]),
                NameOf(device.Slice(SubsystemBytes, HandleBytes)), TextOf(text), !continues, !open);
        }

        allowance.Finish();
        if (lost > 0)
        {
            Found.Add($"of {lost} {(lost == 1 ? "message" : "messages")} the text is not in the ring: there was no room for it, or it was overwritten");
        }
    }

    // The ring whose numbers agree with one another; null where they do not.
    private static Ring? Read(LinuxKernel kernel, VirtualAddress at, RingLayout layout)
    {
        AddressSpace space = kernel.Space;
        VirtualAddress text = at + layout.TextRing;
        if (layout.InfoBytes > MostInfoBytes || layout.Device + SubsystemBytes + HandleBytes > layout.InfoBytes
            || !space.TryRead(at + CountBitsAt, out ulong countBits) || !space.TryRead(text + SizeBitsAt, out ulong sizeBits)
            || !space.TryRead(at + DescriptorsAt, out ulong descriptors) || !space.TryRead(at + InfosAt, out ulong infos)
            || !space.TryRead(at + HeadIdAt, out ulong head) || !space.TryRead(at + TailIdAt, out ulong tail)
            || !space.TryRead(text + DataAt, out ulong data) || !space.TryRead(text + HeadPositionAt, out ulong headPosition)
            || !space.TryRead(text + TailPositionAt, out ulong tailPosition))
        {
            return null;
        }

        (countBits, sizeBits) = ((uint)countBits, (uint)sizeBits);
        (head, tail) = (head & NumberMask, tail & NumberMask);
        return countBits is > 0 and <= MostCountBits && sizeBits is > 0 and <= MostSizeBits
            && ((head - tail) & NumberMask) < 1UL << (int)countBits && headPosition - tailPosition <= 1UL << (int)sizeBits
            && space.TryRead(new VirtualAddress(descriptors) + ((head & ((1UL << (int)countBits) - 1)) * DescriptorBytes), out ulong state)
            && (state & NumberMask) == head && space.TryTranslate(new(data), out _)
            && new Ring((int)countBits, (int)sizeBits, descriptors, infos, data, head, tail) is var ring && InfosFit(space, ring, layout.InfoBytes)
                ? ring
                : null;
    }

    // Messages are numbered in the order of their descriptors: where the last two are not one apart, the size of a struct printk_info is another.
    private static bool InfosFit(AddressSpace space, Ring ring, ulong bytes)
    {
        ulong mask = (1UL << ring.CountBits) - 1;
        ulong before = (ring.Head - 1) & NumberMask;
        return !Has(before) || !Has(ring.Head) || (space.TryRead(new VirtualAddress(ring.Infos) + ((before & mask) * bytes), out ulong first)
            && space.TryRead(new VirtualAddress(ring.Infos) + ((ring.Head & mask) * bytes), out ulong next) && next - first == 1);

        bool Has(ulong number) => space.TryRead(new VirtualAddress(ring.Descriptors) + ((number & mask) * DescriptorBytes), out ulong state)
            && state >> StateShift is Committed or Finalized && (state & NumberMask) == number;
    }

    private VirtualAddress Info(ulong number) => _infos + ((number & (_count - 1)) * _layout.InfoBytes);

    private ulong? Word(VirtualAddress at) => _space.TryRead(at, out ulong value) ? value : null;

    // Where the text of a message stands; null where the descriptor is reserved and not yet written, or taken back to be reserved anew.
    private (ulong Begin, ulong Next)? Descriptor(ulong number)
    {
        VirtualAddress at = _descriptors + ((number & (_count - 1)) * DescriptorBytes);
        return Word(at) is ulong state && (state & NumberMask) == number && state >> StateShift is Committed or Finalized
            && Word(at + sizeof(ulong)) is ulong begin && Word(at + (2 * sizeof(ulong))) is ulong next
                ? (begin, next)
                : null;
    }

    // A block begins with its descriptor's number; one that would go over the ring's end stands at its beginning.
    private byte[]? Text(ulong number, ulong begin, ulong next, int length)
    {
        if ((begin & Dataless) != 0 && (next & Dataless) != 0)
        {
            return begin == NoRoom || next == NoRoom ? null : [];
        }

        ulong at = begin & (_bytes - 1);
        ulong size = next - begin;
        if (begin / _bytes != (next - 1) / _bytes)
        {
            if ((begin + _bytes) / _bytes != (next - 1) / _bytes)
            {
                return null;
            }

            at = 0;
            size = ((next - 1) & (_bytes - 1)) + 1;
        }

        if (size is < sizeof(ulong) || size > _bytes - at || Word(_data + at) is not ulong owner || owner != number)
        {
            return null;
        }

        byte[] text = new byte[Math.Min((ulong)length, size - sizeof(ulong))];
        return _space.Read(_data + at + sizeof(ulong), text) == text.Length ? text : null;
    }

    private sealed record Ring(int CountBits, int SizeBits, ulong Descriptors, ulong Infos, ulong Data, ulong Head, ulong Tail);
}
