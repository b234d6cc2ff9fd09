using IommuSpy.Cli;
using IommuSpy.Cli.Commands;

return DevMemCommand.IsCalled ? CommandRunner.Run(DevMemCommand.Build(), args, DevMemCommand.Name) : CommandRunner.Run(CommandTree.Build(args), args);
