namespace IommuSpy.Linux.Log;

/// <summary>A message of the kernel's log (printk). Null is a stated absence.</summary>
/// <param name="Sequence">Its number since the kernel began.</param>
/// <param name="Nanoseconds">When it was written, by the CPU's clock since boot.</param>
/// <param name="Facility">Who wrote it, as syslog counts: 0 is the kernel, 1 a user's process.</param>
/// <param name="Level">How severe it is, as syslog counts: 0 is an emergency, 7 is for debugging.</param>
/// <param name="Caller">The task or the CPU that wrote it; null before 5.1, and until 5.9 where the kernel was not built to tell.</param>
/// <param name="Subsystem">The subsystem of the device that it is about: "pci"; null where it is about none.</param>
/// <param name="Handle">The device, as the kernel identifies it: "+pci:0000:00:1f.2", "b259:1", "n3"; null where it is about none.</param>
/// <param name="Text">The text, without the line's end behind it; line ends inside are the message's own.</param>
/// <param name="Begins">Whether it begins a line; what continues the message before it does not.</param>
/// <param name="Ends">Whether it ends one.</param>
public sealed record LogMessage(
    ulong Sequence,
    ulong Nanoseconds,
    int Facility,
    int Level,
    LogCaller? Caller,
    string? Subsystem,
    string? Handle,
    string Text,
    bool Begins,
    bool Ends);
