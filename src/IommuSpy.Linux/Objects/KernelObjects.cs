using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>
/// Reads a kernel's structures: fields of objects at kernel virtual addresses, by the types that describe them. A read of what is not mapped or what the image
/// lacks gives null, never zero. Safe to share between threads.
/// </summary>
/// <param name="kernel">The kernel.</param>
/// <param name="types">What describes its types.</param>
public sealed class KernelObjects(LinuxKernel kernel, KernelTypes types)
{
    // Names in the kernel are shorter; a string without an end is cut here.
    private const int MaxTextBytes = 4096;

    // Below it no object has a list_head and anything beside it.
    private const int FewestObjectBytes = 32;

    /// <summary>The kernel.</summary>
    public LinuxKernel Kernel { get; } = kernel;

    /// <summary>What describes its types.</summary>
    public KernelTypes Types { get; } = types;

    /// <summary>How many objects of a type this memory has room for: what links more of them than that links some of them twice, or none.</summary>
    /// <param name="type">The type; of one that is described in part, what is described of it counts.</param>
    internal int MostOf(StructType type) => (int)Math.Min(Kernel.Memory.ByteCount / Math.Max(type.Bytes, FewestObjectBytes), KernelList.MaxElements);

    /// <summary>Where a variable of the kernel's image is; null where no symbol has that name. Of a per-CPU variable, see <see cref="PerCpu"/>.</summary>
    public VirtualAddress? Variable(string name) => Kernel.AddressOf(name);

    /// <summary>The 8 bytes at an address.</summary>
    public ulong? Word(VirtualAddress address) => Kernel.Space.TryRead(address, out ulong value) ? value : null;

    /// <summary>An unsigned little-endian number at an address.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="bytes">1 to 8.</param>
    public ulong? Number(VirtualAddress address, int bytes)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        return Kernel.Space.Read(address, value[..bytes]) == bytes ? BinaryPrimitives.ReadUInt64LittleEndian(value) : null;
    }

    /// <summary>The value of a number, enumeration, pointer or bit-field of up to 64 bits; a signed one is sign-extended.</summary>
    /// <param name="instance">Where the structure that the field's path began in is.</param>
    /// <param name="field">The field; null for one that this kernel lacks.</param>
    /// <returns>Null where there is no such field, or where it cannot be read.</returns>
    public ulong? Read(VirtualAddress instance, Field? field)
    {
        if (field is null)
        {
            return null;
        }

        int bits = field.BitSize == 0 ? (int)Math.Min(field.Bytes, sizeof(ulong)) * 8 : field.BitSize;
        int bytes = (field.BitOffset + bits + 7) / 8;
        if (bits == 0 || bytes > sizeof(ulong) || Number(instance + field.Offset, bytes) is not ulong raw)
        {
            return null;
        }

        ulong value = raw << (64 - field.BitOffset - bits);
        return field.IsSigned ? (ulong)((long)value >> (64 - bits)) : value >> (64 - bits);
    }

    /// <summary>The value of a pointer; null for a null pointer too.</summary>
    public VirtualAddress? Pointer(VirtualAddress instance, Field? field) => Read(instance, field) is ulong value and not 0 ? new(value) : null;

    /// <summary>The pointer at an address; null for a null pointer too.</summary>
    public VirtualAddress? Pointer(VirtualAddress address) => Word(address) is ulong value and not 0 ? new(value) : null;

    /// <summary>The text in an array of characters, up to its end or a zero; UTF-8, or Latin-1 where it is none.</summary>
    public string? Text(VirtualAddress instance, Field? field) =>
        field is null ? null : Text(instance + field.Offset, (int)Math.Min(field.Bytes, MaxTextBytes));

    /// <summary>The text at an address, up to a zero, UTF-8 or else Latin-1, cut after so many bytes or at the end of what can be read.</summary>
    /// <returns>Null where not a byte can be read.</returns>
    public string? Text(VirtualAddress address, int most = MaxTextBytes)
    {
        byte[] bytes = new byte[most];
        int read = Kernel.Space.Read(address, bytes);
        if (read == 0)
        {
            return null;
        }

        ReadOnlySpan<byte> text = bytes.AsSpan(0, read);
        int end = text.IndexOf((byte)0);
        text = end < 0 ? text : text[..end];
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : Encoding.Latin1.GetString(text);
    }
}
