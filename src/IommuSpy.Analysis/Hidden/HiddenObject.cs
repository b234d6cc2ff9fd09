using IommuSpy.Memory;

namespace IommuSpy.Analysis.Hidden;

/// <summary>Something that one of the kernel's structures shows and another one hides.</summary>
/// <param name="Kind">"task" or "module".</param>
/// <param name="Name">Its name; null where it cannot be read.</param>
/// <param name="Pid">Of a task, its number.</param>
/// <param name="Object">Its task_struct or struct module.</param>
/// <param name="Root">Of a task with memory of its own, its top-level table.</param>
/// <param name="SeenIn">What shows it.</param>
/// <param name="MissingFrom">What does not, though it should.</param>
public sealed record HiddenObject(string Kind, string? Name, int? Pid, VirtualAddress Object, PhysicalAddress? Root, string SeenIn, string MissingFrom);
