namespace IommuSpy.Linux.Kallsyms;

/// <summary>How an entry of the address table becomes an address (kernel/kallsyms.c, kallsyms_sym_address).</summary>
public enum AddressRule
{
    /// <summary>kallsyms_addresses[i], 64 bits, relocated with the kernel: the only rule before 4.6, selectable until 6.11.</summary>
    Absolute,

    /// <summary>kallsyms_relative_base + (u32)kallsyms_offsets[i]: 4.6 to 6.19.</summary>
    BaseRelative,

    /// <summary>
    /// v = (s32)kallsyms_offsets[i]; v itself where v is not negative, else kallsyms_relative_base - 1 - v: x86-64 SMP kernels from 4.6 to 6.14.
    /// </summary>
    AbsolutePercpu,

    /// <summary>The address of kallsyms_offsets[i] + (s32)kallsyms_offsets[i]: since 7.0, which has no relative_base.</summary>
    PlaceRelative,
}
