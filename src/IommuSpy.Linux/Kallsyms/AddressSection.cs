using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>A place and a rule for the addresses; a conjecture until its addresses are checked.</summary>
/// <param name="Order">Before or after the names.</param>
/// <param name="Rule">How an entry becomes an address.</param>
/// <param name="Offset">Byte offset of the first entry in the image.</param>
/// <param name="RelativeBase">kallsyms_relative_base; 0 where the rule has none.</param>
internal sealed record AddressSection(KallsymsOrder Order, AddressRule Rule, int Offset, VirtualAddress RelativeBase);
