namespace IommuSpy;

/// <summary>What a user address is in one process's space. Null is a stated absence.</summary>
/// <param name="Pid">The process; null where whose the tables are is not known.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Root">The physical address of its top-level page table.</param>
/// <param name="Physical">The physical address that it translates to; null where <paramref name="Reason"/> says why there is none.</param>
/// <param name="PageSize">Bytes of the page; null where there is none.</param>
/// <param name="Rights">"user rw-"; null where there is no page.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
public sealed record ProcessAddress(int? Pid, string? Comm, ulong Root, ulong? Physical, ulong? PageSize, string? Rights, string? Reason);
