using System.Buffers.Binary;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Log;

/// <summary>
/// The log from 3.5 to 5.9: records of different lengths in one buffer, each a header, a text and what is known of the device (kernel/printk/printk.c, struct
/// printk_log; struct log before 3.11).
/// </summary>
internal sealed class RecordBuffer : KernelLog
{
    // ts_nsec, len, text_len, dict_len, facility, flags and level; since 5.1 the caller, where the kernel was built so.
    private const int LengthAt = 8;
    private const int TextLengthAt = 10;
    private const int DeviceLengthAt = 12;
    private const int FacilityAt = 14;
    private const int FlagsAt = 15;
    private const int CallerAt = 16;
    private const int HeaderBytes = 16;
    private const int HeaderBytesWithCaller = 20;
    private const int LevelShift = 5;
    private const int EndsLine = 2;
    private const int BeginsLine = 4;
    private const int Continues = 8;

    // Records are aligned to 4 bytes (LOG_ALIGN, of machines that read unaligned words).
    private const int Alignment = 4;
    private const ulong MostBytes = 1UL << 31;

    private readonly VirtualAddress _buffer;
    private readonly ulong _bytes;
    private readonly ulong _firstAt;
    private readonly ulong _nextAt;
    private readonly int _header;

    private RecordBuffer(LinuxKernel kernel, VirtualAddress buffer, ulong bytes, ulong firstAt, ulong nextAt, ulong first, int header) : base(kernel)
    {
        (_buffer, _bytes, _firstAt, _nextAt, _header) = (buffer, bytes, firstAt, nextAt, header);
        First = first;
    }

    /// <inheritdoc/>
    public override string Form => "buffer of records";

    /// <inheritdoc/>
    public override ulong First { get; }

    /// <summary>Finds the buffer, and how long its headers are: its records lead from one to the next as they should with one length alone.</summary>
    public static RecordBuffer? Find(LinuxKernel kernel, KernelTypes? types)
    {
        if (Variable(kernel, "log_buf") is not VirtualAddress pointer || !kernel.Space.TryRead(pointer, out ulong buffer)
            || Number(kernel, "log_buf_len") is not (ulong bytes and > 0 and <= MostBytes) || Number(kernel, "log_first_idx") is not ulong first
            || Number(kernel, "log_next_idx") is not ulong next || first >= bytes || next > bytes)
        {
            return null;
        }

        ulong sequence = Variable(kernel, "log_first_seq") is VirtualAddress at && kernel.Space.TryRead(at, out ulong number) ? number : 0;
        ulong described = types?.FindStruct("printk_log")?.Bytes ?? (kernel.VmCoreInfo?.TryGetSize("printk_log", out long size) == true ? (ulong)size : 0);
        int[] lengths = described is >= HeaderBytes and <= HeaderBytesWithCaller + 4 ? [(int)described] : [HeaderBytes, HeaderBytesWithCaller];
        return lengths.Select(header => new RecordBuffer(kernel, new(buffer), bytes, first, next, sequence, header))
            .FirstOrDefault(candidate => first == next || candidate.Record(first) is not null);
    }

    /// <inheritdoc/>
    public override IEnumerable<LogMessage> Messages()
    {
        WorkAllowance allowance = new(Kernel.Memory.Budget, Work.Steps, (long)(_bytes / HeaderBytes) + 2);
        ulong sequence = First;
        ulong at = _firstAt;
        bool wrapped = false;
        bool open = false;
        for (; at != _nextAt && allowance.TryUse(); sequence++)
        {
            if (Record(at) is not Header header)
            {
                // A record of no length, or the end of the buffer: the next one stands at its beginning.
                if (wrapped || at <= _nextAt || !IsEnd(at))
                {
                    Found.Add($"what stands at {_buffer + at} is no record of the log: the rest of it is not read");
                    break;
                }

                wrapped = true;
                at = 0;
                sequence--;
                continue;
            }

            byte[] text = new byte[header.TextLength];
            byte[] names = new byte[header.DeviceLength];
            VirtualAddress body = _buffer + at + (ulong)_header;
            if (Kernel.Space.Read(body, text) != text.Length || Kernel.Space.Read(body + (ulong)text.Length, names) != names.Length)
            {
                Found.Add($"the record at {_buffer + at} cannot be read: the rest of the log is not read");
                break;
            }

            bool continues = (header.Flags & Continues) != 0 && (header.Flags & BeginsLine) == 0 && open;
            open = (header.Flags & EndsLine) == 0;
            yield return new(sequence, header.Nanoseconds, header.Facility, header.Level, header.Caller, Name(names, "SUBSYSTEM="u8), Name(names, "DEVICE="u8),
                TextOf(text), !continues, !open);
            at += (ulong)header.Length;

            // Going round once is all that there is.
            if (wrapped && at > _nextAt)
            {
                Found.Add($"the records of the log lead past its end at {_buffer + _nextAt}");
                break;
            }
        }

        allowance.Finish();
    }

    private static ulong? Number(LinuxKernel kernel, string name)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        return Variable(kernel, name) is VirtualAddress at && kernel.Space.Read(at, bytes) == bytes.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : null;
    }

    // "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2"
    private static string? Name(ReadOnlySpan<byte> names, ReadOnlySpan<byte> key)
    {
        foreach (Range range in names.Split((byte)0))
        {
            if (names[range].StartsWith(key))
            {
                return NameOf(names[range][key.Length..]);
            }
        }

        return null;
    }

    private bool IsEnd(ulong at)
    {
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        return _bytes - at < (ulong)_header || (Kernel.Space.Read(_buffer + at + LengthAt, length) == length.Length && length is [0, 0]);
    }

    // A record's length is that of its parts, made even to the alignment.
    private Header? Record(ulong at)
    {
        Span<byte> header = stackalloc byte[HeaderBytesWithCaller + 4];
        header = header[.._header];
        if (_bytes - at < (ulong)_header || Kernel.Space.Read(_buffer + at, header) != header.Length)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(header[LengthAt..]);
        int text = BinaryPrimitives.ReadUInt16LittleEndian(header[TextLengthAt..]);
        int device = BinaryPrimitives.ReadUInt16LittleEndian(header[DeviceLengthAt..]);
        int padding = length - (_header + text + device);
        return padding is >= 0 and < Alignment && (ulong)length <= _bytes - at
            ? new(BinaryPrimitives.ReadUInt64LittleEndian(header), length, text, device, header[FacilityAt], header[FlagsAt] >> LevelShift,
                header[FlagsAt] & ((1 << LevelShift) - 1),
                _header >= HeaderBytesWithCaller ? new(BinaryPrimitives.ReadUInt32LittleEndian(header[CallerAt..])) : null)
            : null;
    }

    private sealed record Header(ulong Nanoseconds, int Length, int TextLength, int DeviceLength, int Facility, int Level, int Flags, LogCaller? Caller);
}
