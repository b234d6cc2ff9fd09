using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A network packet's buffer (struct sk_buff), with what the kernel keeps behind its data in the same memory (struct skb_shared_info).</summary>
/// <param name="Object">The sk_buff.</param>
/// <param name="Head">Where its memory begins.</param>
/// <param name="Data">Where the packet begins in memory.</param>
/// <param name="SharedInfo">Where its skb_shared_info is.</param>
/// <param name="SharedInfoPhysical">The same in memory.</param>
/// <param name="CallbackOffset">Where in that the pointer is through which the kernel calls back (destructor_arg), in bytes; null where this kernel does not
/// tell.</param>
public sealed record SocketBuffer(VirtualAddress Object, VirtualAddress Head, PhysicalAddress Data, VirtualAddress SharedInfo,
    PhysicalAddress SharedInfoPhysical, ulong? CallbackOffset);
